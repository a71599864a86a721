import { describe, expect, test } from "bun:test";
import { isSecretName } from "../../../lib/text/names.ts";
import { findSecrets, maskJobText, maskText } from "../../../lib/text/secrets.ts";

describe("isSecretName()", () => {
  test.each([
    "token",
    "GITHUB_TOKEN",
    "apiKey",
    "api_key",
    "X-Api-Key",
    "clientSecret",
    "db-password",
    "PGPASSWD",
    "auth",
  ])("accepts %s", (name) => {
    expect(isSecretName(name)).toBe(true);
  });

  test.each(["name", "sessionKey", "declarationKey", "author", "timeoutSeconds", "channel", "expr", "KEYBOARD"])(
    "rejects %s",
    (name) => {
      expect(isSecretName(name)).toBe(false);
    },
  );
});

describe("maskText()", () => {
  test.each([
    ["curl -H 'Authorization: Bearer hush.hush' x", "curl -H 'Authorization: Bearer ***' x"],
    ["curl -u me https://me:hush@host/a", "curl -u me https://***@host/a"],
    ["curl https://me:hu@sh@host/a", "curl https://***@host/a"],
    ["curl 'https://host/a?page=1&token=hush&x=2'", "curl 'https://host/a?page=1&token=***&x=2'"],
    ["API_KEY=hush sync", "API_KEY=*** sync"],
    [`{"apiKey": "hush"}`, `{"apiKey": "***"}`],
    ["login --password hush --verbose", "login --password *** --verbose"],
    ["login --token=hush", "login --token=***"],
    ["use sk-hushhushhush now", "use *** now"],
    ["use eyJhushhush.hush-hush now", "use *** now"],
    ["ghp_hushhushhushhushhush", "***"],
    ["post to https://discord.com/api/webhooks/1/hush", "post to https://discord.com/api/webhooks/***"],
    ["post to https://hooks.slack.com/services/T/B/hush", "post to https://hooks.slack.com/services/***"],
  ])("masks the secret in %s", (text, masked) => {
    expect(maskText(text)).toBe(masked);
  });

  test.each([
    "git -C vault pull origin main",
    "the token expires soon",
    "https://example.com/a?page=2",
    "ssh git@github.com",
    "basic backup",
  ])("keeps %s unchanged", (text) => {
    expect(maskText(text)).toBe(text);
  });
});

describe("findSecrets()", () => {
  test("returns values of env and of secret names, at any depth", () => {
    const job = { payload: { env: { A: "one" }, argv: ["two"] }, delivery: { failureDestination: { token: "three" } } };
    expect(findSecrets(job)).toEqual([{ A: "one" }, "three"]);
    expect(findSecrets([{ env: "four" }])).toEqual(["four"]);
    expect(findSecrets(null)).toEqual([]);
  });
});

describe("maskJobText()", () => {
  test("masks a job's own secrets in a gateway's message", () => {
    const action = { kind: "add", spec: { payload: { env: { PLAIN: "rosebud" } } } };
    expect(maskJobText('env.PLAIN: "rosebud" is too long', action)).toBe('env.PLAIN: "***" is too long');
  });

  test("masks all that it is given: words, numbers, and values that a gateway's own words contain", () => {
    const action = {
      payload: { env: { A: "hybrid", B: 4711, C: "main" } },
      delivery: { token: ["deep", { x: "cat" }] },
    };
    expect(maskJobText('hybrid, 4711, main, deep, cat, cats (allowed: "hybrid")', action)).toBe(
      '***, ***, ***, ***, ***, cats (allowed: "***")',
    );
  });
});

describe("maskText() in linear time", () => {
  test.each(["a", "-eyJ", "a://", "http://a/", "authorization: ", "token ", " -token", "?token"])(
    "handles a text of %j again and again",
    (piece) => {
      const beganMs = performance.now();
      maskText(`${piece.repeat(Math.ceil(50_000 / piece.length))}!`);
      expect(performance.now() - beganMs).toBeLessThan(2_000);
    },
  );
});
