/** What one of the others takes for the same, in the unit of the figure. */
interface Beside {
  what: string;
  value: number;
}

/** Something that was to be reached, in a person's words, and whether it was. */
interface Goal {
  says: string;
  isMet: boolean;
}

/** One number of ours, with what it is held against. */
export interface Figure {
  what: string;
  unit: "ms" | "MiB" | "bytes" | "ms of CPU";
  /** A median where nothing else is said. */
  ours: number;
  beside: Beside[];
  goals: Goal[];
  /** Of ours, in the order in which they came. */
  samples: number[];
  /** How many times as much as the first of the others it may take before CI calls it a regression. */
  limit?: number;
}

/** Some figures that are measured together, under a name to ask for them by. */
export interface Row {
  name: string;
  /** Whether `--check` measures it, in each test run: it needs no gateway, and has a limit. */
  isChecked: boolean;
  measure(): Promise<Figure[]>;
}

type Unjudged = Omit<Figure, "goals" | "ours"> & { ours?: number };

/** A figure with its goals; `ours` is the median of the samples where it is not given. */
export function toFigure(figure: Unjudged, ...goals: ((figure: Omit<Figure, "goals">) => Goal)[]): Figure {
  const whole = { ...figure, ours: figure.ours ?? median(figure.samples) };
  return { ...whole, goals: goals.map((judge) => judge(whole)) };
}

/** To take less than so much, in the figure's unit. */
export function below(most: number) {
  return ({ ours, unit }: { ours: number; unit: string }): Goal => ({
    says: `< ${formatNumber(most)} ${unit}`,
    isMet: ours < most,
  });
}

/** To be so many times as fast, or small, as one of the others. */
export function timesLess(than: string, times: number) {
  return (figure: Omit<Figure, "goals">): Goal => ({
    says: `${times} times less than ${than}`,
    isMet: besideOf(figure, than) / figure.ours >= times,
  });
}

/** To take at most so many times as much as one of the others. */
export function atMostTimes(of: string, times: number) {
  return (figure: Omit<Figure, "goals">): Goal => ({
    says: times === 1 ? `at most ${of}` : `≤ ${times} × ${of}`,
    isMet: figure.ours <= times * besideOf(figure, of),
  });
}

/** To take at most so much more than one of the others, in the figure's unit. */
export function within(most: number, of: string) {
  return (figure: Omit<Figure, "goals">): Goal => ({
    says: `≤ ${formatNumber(most)} ${figure.unit} more than ${of}`,
    isMet: figure.ours - besideOf(figure, of) <= most,
  });
}

function besideOf({ what, beside }: Omit<Figure, "goals">, name: string): number {
  const found = beside.find((other) => other.what === name);
  if (!found) throw new Error(`${what} is not measured beside ${name}`);
  return found.value;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** The smallest sample that so many of them do not exceed. */
export function quantile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** Three digits that count, and thousands set apart. */
export function formatNumber(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Number(value.toFixed(digits)).toLocaleString("en-US");
}
