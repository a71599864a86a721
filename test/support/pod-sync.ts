/** Why the kubelet syncs a Pod: its time has come, or the Pod has changed. */
type Reason = "periodic" | "update";

/** The syncs of a Pod, one after the other. */
export interface PodSyncs {
  /** How many there have been, by their reason. */
  readonly counts: Readonly<Record<Reason, number>>;
  /** Syncs the Pod now, and resolves once it is done. The next periodic sync is a whole period later, as the kubelet's. */
  run(reason: Reason): Promise<void>;
  stop(): void;
}

/** Syncs a Pod each `frequencyMs`, if that is given. The kubelet adds up to half of it at random. */
export function keepSyncing(refresh: () => Promise<void>, frequencyMs: number | undefined): PodSyncs {
  const counts = { periodic: 0, update: 0 };
  let last: Promise<void> = Promise.resolve();
  let timer: Timer | undefined;
  const schedule = () => {
    clearTimeout(timer);
    if (frequencyMs !== undefined) timer = setTimeout(() => void run("periodic"), frequencyMs);
  };
  function run(reason: Reason): Promise<void> {
    schedule();
    counts[reason] += 1;
    last = last.then(refresh);
    return last;
  }
  schedule();
  return { counts, run, stop: () => clearTimeout(timer) };
}
