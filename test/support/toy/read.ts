import { readVolume } from "../../../lib/files/volume.ts";

/** What Git says; undefined where it says nothing. */
export async function readMotd(configDir: string): Promise<string | undefined> {
  const files = await readVolume(configDir, (name) => name === "motd.txt");
  return files?.[0]?.bytes.toString();
}
