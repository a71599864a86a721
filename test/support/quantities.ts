import type { Manifest } from "./manifests.ts";

/** A quantity of a manifest, as it is written there. */
export interface Quantity {
  path: string;
  value: unknown;
}

/** Finds every quantity of these objects: requests, limits, sizes of volumes. */
export function findQuantities(manifests: readonly Manifest[]): Quantity[] {
  return manifests.flatMap((manifest) => [...walk(manifest, `${manifest.kind} ${manifest.metadata.name}`)]);
}

const QUANTITY = /\.resources\.(?:limits|requests)\.[^.]+$|\.(?:sizeLimit|divisor)$|\.capacity\.[^.]+$/;

function* walk(value: unknown, path: string): Generator<Quantity> {
  if (QUANTITY.test(path)) yield { path, value };
  else if (typeof value === "object" && value !== null) {
    for (const [key, inner] of Object.entries(value)) yield* walk(inner, `${path}.${key}`);
  }
}

/** Finds the ports of every container and Service. */
export function findPorts(manifests: readonly Manifest[]): unknown[] {
  const found: unknown[] = [];
  JSON.parse(JSON.stringify(manifests), (key, value: unknown) => {
    if (key === "ports" && Array.isArray(value)) found.push(...(value as unknown[]));
    return value;
  });
  return found;
}

const BINARY = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
const DECIMAL = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];

/**
 * The form in which the API server keeps a quantity, always text: the largest unit that leaves a whole number, in the
 * family of units that it was written in. `kubectl apply` finds any other form changed, each time.
 */
export function toCanonical(value: unknown): string {
  const text = String(value);
  const [, digits = "", unit = ""] = /^(\d+(?:\.\d+)?)(|[KMGTPE]i|[numkMGTPE])$/.exec(text) ?? [];
  if (digits === "") return text; // with an exponent, it keeps that
  const isBinary = unit.endsWith("i");
  const [units, factor] = isBinary ? [BINARY, 1024] : [DECIMAL, 1000];
  let amount = Number(digits);
  let index = units.indexOf(unit);
  for (; !Number.isInteger(amount) && index > 0; index--) amount *= factor;
  for (; amount % factor === 0 && amount > 0 && index < units.length - 1; index++) amount /= factor;
  return `${amount}${units[index]}`;
}

/** Parses a quantity, `100m`, `128Mi` or `1`, to bytes or cores. */
export function toNumber(quantity: string | number | undefined): number | undefined {
  if (quantity === undefined) return undefined;
  const [, digits = "", unit = ""] = /^([\d.]+)(m|Ki|Mi|Gi|)$/.exec(String(quantity)) ?? [];
  const factors: Record<string, number> = { m: 0.001, "": 1, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3 };
  if (digits === "") throw new Error(`no quantity: ${String(quantity)}`);
  return Number(digits) * (factors[unit] ?? 1);
}
