/** Whether there is time: `./build.sh test --all` sets it. What only a soak does is in a `*.soak.test.ts`. */
export const IS_SOAK = Boolean(process.env.CONFIG_MANAGER_SOAK);

/** How often to try something: `count` times in a soak, else a fifth of that. */
export function runs(count: number): number {
  return IS_SOAK ? count : Math.ceil(count / 5);
}
