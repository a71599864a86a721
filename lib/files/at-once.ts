/** More at once hold more memory, and take no less time. */
const AT_ONCE = 8;

/**
 * Maps them, a few at once, in their order. Nothing is still at work when it returns or throws.
 *
 * @throws the first error of `work`, of those of the same few
 */
export async function mapAtOnce<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let index = 0; index < items.length; index += AT_ONCE) {
    const settled = await Promise.allSettled(items.slice(index, index + AT_ONCE).map(work));
    for (const one of settled) {
      if (one.status === "rejected") throw one.reason;
      results.push(one.value);
    }
  }
  return results;
}
