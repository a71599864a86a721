/** As much as a reader of the table takes in, in characters. */
const MAX_LENGTH = 160;

/** What npm says beside the cause. */
const ASIDE = /^(?:code |A complete log |In most cases |a package version |Error: npm )/;

/** What a comparison of the runner says beside the difference. */
const FRAME = /^(?:[-+] (?:Expected|Received) +[-+] \d+$|[-+]? *[[\]{}(),]*$)/;

/**
 * Tells in one short line why something is not as it should be: the cause that npm names, the difference that a test has
 * found, or else the first line. No path of the machine is left in it.
 */
export function tightenReason(message: string): string {
  const lines = message.split(/\n| \| /).map((line) => line.trim());
  const said = lines.filter(Boolean).map((line) => line.replace(/^npm error (?:notarget )?/, ""));
  const first = said.find((line) => !ASIDE.test(line)) ?? "";
  const differences = said.filter((line) => /^[-+] /.test(line) && !FRAME.test(line));
  const cause = first.startsWith("expect(") && differences.length > 0 ? differences.map(strip).join(", ") : first;
  const reason = cause.replaceAll(/(?<![\w~.:/])\/(?:[^\s/:]+\/)+/g, "");
  return reason.length > MAX_LENGTH ? `${reason.slice(0, MAX_LENGTH - 1)}…` : reason;
}

/** Leaves what is expected or received, without the marks around it. */
function strip(line: string): string {
  const sign = line.startsWith("-") ? "not " : "";
  return sign + line.slice(1).trim().replace(/,$/, "").replaceAll(/^"|"$/g, "");
}
