import { readVolume } from "../../../lib/files/volume.ts";

/** Reads the desired message; undefined if there is none. */
export async function readMotd(configDir: string): Promise<string | undefined> {
  const files = await readVolume(configDir, (name) => name === "motd.txt");
  return files?.[0]?.bytes.toString();
}
