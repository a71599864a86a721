import { systemCode } from "../errors.ts";

/** Owner and permission bits of a file. */
export interface Attributes {
  uid: number;
  gid: number;
  mode: number;
}

/** What a replaced file could not keep of the old one, on a volume that refuses it. */
export interface AttributeLoss {
  path: string;
  wanted: Attributes;
  actual: Attributes;
  /** The code of the failed system call, or words if none has failed. */
  reason: string;
}

/** The part of an open file that this needs. */
interface OpenFile {
  stat(): Promise<Attributes>;
  chown(uid: number, gid: number): Promise<void>;
  chmod(mode: number): Promise<void>;
}

/** From a file of another user, and from volumes without owners and modes: Azure Files, NFS with squashed users. */
const REFUSALS = new Set(["EPERM", "EACCES", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "ENOSYS"]);

/** Returns whether an error only means that this volume, or this user, cannot do that. */
export function isRefusedByVolume(error: unknown): boolean {
  return REFUSALS.has(systemCode(error) ?? "");
}

/**
 * Gives a new file the owner and the mode of the old one, as far as the volume allows. Where the group cannot be kept,
 * the new group gets no more than everybody else had: the file may hold secrets.
 *
 * @param old without an owner for a file that did not exist
 * @returns undefined if nothing is lost.
 * @throws any error other than a refusal.
 */
export async function keepAttributes(
  file: OpenFile,
  path: string,
  old: { uid?: number; gid?: number; mode: number },
): Promise<AttributeLoss | undefined> {
  const own = await file.stat();
  const wanted = { uid: old.uid ?? own.uid, gid: old.gid ?? own.gid, mode: old.mode & 0o7777 };
  const isOwned = own.uid === wanted.uid && own.gid === wanted.gid;
  if (isOwned && (own.mode & 0o7777) === wanted.mode) return undefined;
  const refusals = isOwned ? [] : [await attempt(() => file.chown(wanted.uid, wanted.gid))];
  // A member of the group may give it the file, which is all that a volume with fsGroup needs.
  if (refusals[0] !== undefined && own.gid !== wanted.gid) await attempt(() => file.chown(own.uid, wanted.gid));

  const owned = await file.stat();
  const mode = limitMode(wanted, owned);
  if ((owned.mode & 0o7777) !== mode) refusals.push(await attempt(() => file.chmod(mode)));

  const { uid, gid, mode: modeNow } = await file.stat();
  const actual = { uid, gid, mode: modeNow & 0o7777 };
  if (!isOwnerLost(wanted, actual) && wanted.mode === actual.mode) return undefined;
  const reason = refusals.find((code) => code !== undefined) ?? "the volume ignores it";
  return { path, wanted, actual, reason };
}

/** The wanted mode without what the new owner or group must not have. */
function limitMode({ uid, gid, mode }: Attributes, owned: Attributes): number {
  const forOthers = mode & 0o007;
  if (owned.gid !== gid) return (mode & 0o707) | (mode & (forOthers << 3));
  return owned.uid === uid ? mode : mode & 0o777;
}

async function attempt(change: () => Promise<void>): Promise<string | undefined> {
  try {
    await change();
    return undefined;
  } catch (error) {
    if (!isRefusedByVolume(error)) throw error;
    return systemCode(error);
  }
}

function isOwnerLost(wanted: Attributes, actual: Attributes): boolean {
  return wanted.uid !== actual.uid || wanted.gid !== actual.gid;
}

/** Returns one WARNING: what was lost and why, and what the file has now. */
export function describeLoss({ path, wanted, actual, reason }: AttributeLoss): string {
  const lost = [
    ...(isOwnerLost(wanted, actual) ? [`owner ${formatOwner(wanted)}`] : []),
    ...(wanted.mode === actual.mode ? [] : [`mode ${formatMode(wanted)}`]),
  ];
  const now = `${formatOwner(actual)}, ${formatMode(actual)}`;
  return `WARNING: Cannot keep ${lost.join(" and ")} of ${path}: ${reason}; it is now ${now}`;
}

function formatOwner({ uid, gid }: Attributes): string {
  return `${uid}:${gid}`;
}

/** In octal, with a leading 0, as people type it. */
function formatMode({ mode }: Attributes): string {
  return `0${mode.toString(8).padStart(3, "0")}`;
}
