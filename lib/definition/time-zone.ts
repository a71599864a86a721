/** Time zones that ICU and the gateway's Node know and Bun does not. */
const OLD_NAMES = "ACT AET AGT ART AST BET BST CAT CNT CST CTT EAT ECT IET IST JST MIT NET NST PLT PNT PRT PST SST VST";

/** Whether gateways accept this time zone: an IANA name in any case, an offset such as `+09:00`, or an old name. */
export function isTimeZone(zone: string): boolean {
  try {
    return Boolean(new Intl.DateTimeFormat("en-US", { timeZone: zone }));
  } catch {
    const name = zone.toUpperCase();
    return name.startsWith("SYSTEMV/") || OLD_NAMES.split(" ").includes(name);
  }
}
