import * as v from "valibot";
import type { Gateway } from "./connection.ts";
import { ManagerError } from "../errors.ts";
import { MAX_MESSAGE_BYTES } from "./frame.ts";
import { JobPageSchema, type LiveJob } from "./job.ts";

/** The largest page that 2026.2.26 and later send. */
const PAGE_SIZE = 200;

/** How often to read a list that changes while it is read. */
const LIST_ATTEMPTS = 5;

/** Far more jobs than a gateway can run, and few enough for our memory. */
const MAX_JOBS = 20_000;

/** How many pages such a list has, with some to spare. */
const MAX_PAGES = 200;

/** How long a list may take, in milliseconds; each page has a limit of its own. */
const LIST_LIMIT_MS = 120_000;

/** How long the pages of one list may be together, in characters: they are all held at once. */
const MAX_LIST_LENGTH = MAX_MESSAGE_BYTES;

type JobSource = Pick<Gateway, "call" | "receivedLength">;

/**
 * Reads all live jobs, disabled ones too.
 *
 * @throws {ManagerError} as {@link Gateway.call} does; `rejected` when the list makes no sense, keeps changing while it
 * is read, or is larger than any real one: it is never returned in part.
 */
export async function readJobs(gateway: JobSource, uptimeMs: () => number): Promise<LiveJob[]> {
  const untilMs = uptimeMs() + LIST_LIMIT_MS;
  const isLate = () => uptimeMs() >= untilMs;
  for (let attempt = 1; attempt <= LIST_ATTEMPTS; attempt++) {
    const jobs = await listOnce(gateway, isLate);
    if (jobs) return jobs;
  }
  throw new ManagerError("rejected", "cron.list: the list kept changing while it was read");
}

/**
 * Reads all pages; undefined when the list changed between two of them. From 2026.8.2 the revision shows that. Before,
 * we read each page from the last job of the previous one on: it starts with another job when the list has shifted.
 */
async function listOnce(gateway: JobSource, isLate: () => boolean): Promise<LiveJob[] | undefined> {
  const jobs: LiveJob[] = [];
  const ids = new Set<string>();
  const formerLength = gateway.receivedLength;
  let revision: string | undefined;
  for (let pages = 1; ; pages++) {
    const isFirst = jobs.length === 0;
    const overlap = isFirst || revision !== undefined ? 0 : 1;
    // No paging fields in the first call: 2026.2.9 refuses them, and sends the whole list at once.
    const paging = isFirst ? {} : { limit: PAGE_SIZE, offset: jobs.length - overlap };
    const page = parsePage(await gateway.call("cron.list", { includeDisabled: true, ...paging }));
    if (!isFirst && page.snapshotRevision !== revision) return undefined;
    if (overlap > 0 && page.jobs[0]?.id !== jobs.at(-1)?.id) return undefined;
    revision = page.snapshotRevision;
    const more = page.jobs.slice(overlap);
    for (const job of more) {
      jobs.push(job);
      ids.add(job.id);
    }
    if (jobs.length > MAX_JOBS) throw tooLarge(`more than ${MAX_JOBS} jobs`);
    const length = gateway.receivedLength - formerLength;
    if (length > MAX_LIST_LENGTH) throw tooLarge(`more than ${MAX_LIST_LENGTH} characters`);
    if (page.hasMore && pages >= MAX_PAGES) throw tooLarge(`more than ${MAX_PAGES} pages`);
    if (page.hasMore && isLate()) throw tooLarge(`not come within ${LIST_LIMIT_MS / 1000} s`);
    if (ids.size !== jobs.length || (page.hasMore && more.length === 0)) return undefined; // else this might never end
    if (!page.hasMore) return page.total === undefined || page.total === jobs.length ? jobs : undefined;
  }
}

function tooLarge(size: string): ManagerError {
  return new ManagerError("rejected", `cron.list: the list has ${size}; half a list is not acted on`);
}

function parsePage(reply: unknown): v.InferOutput<typeof JobPageSchema> {
  const page = v.safeParse(JobPageSchema, reply, { abortEarly: true });
  if (page.success) return page.output;
  const [issue] = page.issues;
  const field = v.getDotPath(issue) ?? "the whole of it";
  throw new ManagerError("rejected", `cron.list: the reply makes no sense at ${field}; nothing is changed`);
}
