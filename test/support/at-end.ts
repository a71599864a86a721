const endings: (() => Promise<void>)[] = [];

/** Has this done after the last test of all files, whatever has become of them. */
export function atEnd(end: () => Promise<void>): void {
  endings.push(end);
}

/** Does all of it. For test/support/preload.ts alone. */
export async function endAll(): Promise<void> {
  await Promise.all(endings.splice(0).map((end) => end()));
}
