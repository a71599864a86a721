import { describe, expect, test } from "bun:test";
import { describeRefusal, describeUnsupported } from "../../../lib/cron/messages.ts";

describe("describeUnsupported()", () => {
  const missing = [
    { what: "payload.fallbacks", since: "2026.3" },
    { what: "pacing", since: "2026.8" },
  ];

  test("names the job, each field, and the release that supports it", () => {
    expect(describeUnsupported([{ kind: "unsupported", name: "x", wanted: "add", missing }], "2026.2.26")).toEqual([
      "WARNING: Failed to add cron job: x: payload.fallbacks needs OpenClaw 2026.3 or later, pacing needs OpenClaw 2026.8 or later; this is 2026.2.26",
    ]);
  });

  test("says why a job must not be written", () => {
    const hidden = [...missing.slice(1), { what: "payload.env", reason: "would be seen; hide it" }];
    expect(
      describeUnsupported([{ kind: "unsupported", name: "x", wanted: "add", missing: hidden }], "2026.6.1"),
    ).toEqual([
      "WARNING: Failed to add cron job: x: pacing needs OpenClaw 2026.8 or later; this is 2026.6.1; payload.env would be seen; hide it",
    ]);
  });

  test("does not quote a version that is no release", () => {
    const [line] = describeUnsupported([{ kind: "unsupported", name: "x", wanted: "update", missing }], "dev");
    expect(line).toStartWith("WARNING: Failed to update cron job: x: ");
    expect(line).toEndWith("; this is an older one");
  });
});

describe("describeRefusal()", () => {
  test("names some of the jobs and the flag that allows the removal", () => {
    const names = Array.from({ length: 12 }, (_, index) => `job-${index + 1}`);
    const line = describeRefusal(names);
    expect(line).toStartWith(
      "WARNING: Cron jobs left as they are: 12 would be removed at once (job-1, job-2, job-3, …)",
    );
    expect(line).toContain("--allow-mass-removal");
    expect(line).not.toContain("job-4");
  });
});
