/**
 * Waits for a condition, and throws what it waited for if it does not become true. The limit only ends a broken test; it
 * measures nothing, so it is generous.
 */
export async function until<T>(
  what: string,
  condition: () => T | Promise<T>,
  { limitMs = 180_000, everyMs = 20, explain }: { limitMs?: number; everyMs?: number; explain?: () => string } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${limitMs} ms for ${what}\n${explain?.() ?? ""}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
