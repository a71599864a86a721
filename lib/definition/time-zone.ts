/**
 * Old names of zones that ICU and the gateway's Node know, as they read them (Node 24), and what people mostly mean
 * where that is another zone. Bun knows only the last two of them.
 */
const ABBREVIATIONS: Readonly<Record<string, readonly [zone: string, meant?: string]>> = {
  ACT: ["Australia/Darwin"],
  AET: ["Australia/Sydney"],
  AGT: ["America/Argentina/Buenos_Aires"],
  ART: ["Africa/Cairo"],
  AST: ["America/Anchorage", "America/Halifax"],
  BET: ["America/Sao_Paulo"],
  BST: ["Asia/Dhaka", "Europe/London"],
  CAT: ["Africa/Maputo"],
  CNT: ["America/St_Johns"],
  CST: ["America/Chicago"],
  CTT: ["Asia/Shanghai"],
  EAT: ["Africa/Nairobi"],
  ECT: ["Europe/Paris", "America/Guayaquil"],
  IET: ["America/Indiana/Indianapolis"],
  IST: ["Asia/Kolkata"],
  JST: ["Asia/Tokyo"],
  MIT: ["Pacific/Apia"],
  NET: ["Asia/Yerevan"],
  NST: ["Pacific/Auckland", "America/St_Johns"],
  PLT: ["Asia/Karachi"],
  PNT: ["America/Phoenix"],
  PRT: ["America/Puerto_Rico"],
  PST: ["America/Los_Angeles"],
  SST: ["Pacific/Guadalcanal", "Pacific/Pago_Pago"],
  VST: ["Asia/Ho_Chi_Minh"],
  EST: ["America/Panama", "America/New_York"],
  MST: ["America/Phoenix", "America/Denver"],
};

/** Whether gateways accept this time zone: an IANA name in any case, an offset such as `+09:00`, or an old name. */
export function isTimeZone(zone: string): boolean {
  return findZone(zone) !== undefined || zone.toUpperCase().startsWith("SYSTEMV/");
}

/** The zone by a name that `Intl` knows here, too; undefined if it has none. */
export function findZone(zone: string): string | undefined {
  const name = findAbbreviation(zone)?.zone ?? zone;
  try {
    const { timeZone } = new Intl.DateTimeFormat("en-US", { timeZone: name }).resolvedOptions();
    return timeZone === "" ? undefined : name;
  } catch {
    return undefined;
  }
}

/** What an abbreviation stands for in a gateway, and what was perhaps meant; undefined for any other zone. */
export function findAbbreviation(zone: string): { zone: string; meant: string | undefined } | undefined {
  const name = zone.toUpperCase();
  if (!Object.hasOwn(ABBREVIATIONS, name)) return undefined;
  const [known = name, meant] = ABBREVIATIONS[name] ?? [];
  return { zone: known, meant };
}
