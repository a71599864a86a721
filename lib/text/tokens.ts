import type { Span } from "./spans.ts";

/** Tokens that are known by how they begin, or by their shape. Nothing follows the part of unlimited length. */
const TOKENS: readonly RegExp[] = [
  // OpenAI, Anthropic; GitHub; GitLab; Slack; AWS; Google; a JWT.
  /\bsk-[\w-]{8,}/g,
  /\b(?:gh[a-z]_\w{16,}|github_pat_\w{16,}|gl[a-z]{2,4}-[\w-]{16,})/g,
  /\b(?:xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,})/g,
  /\b(?:A[KS]IA\w{12,}|ABIA\w{12,}|ACCA\w{12,})/g,
  /\b(?:AIza[\w-]{20,}|ya29\.[\w-]{20,}|GOCSPX-[\w-]{16,})/g,
  /\beyJ[\w.-]{8,}/g,
  // Telegram, Discord.
  /(?<!\d)\d{6,12}:[\w-]{30,}/g,
  /\b[MNO][\w-]{22,27}\.[\w-]{6,7}\.[\w-]{27,}/g,
  // Stripe, SendGrid, npm, PyPI, Hugging Face, Vault, DigitalOcean, Tailscale, Docker, Databricks, Shopify, age, others.
  /\b(?:[rs]k_(?:live|test)_\w{8,}|whsec_[\w+/=]{16,}|SG\.[\w-]{16,32}\.[\w-]{16,})/g,
  /\b(?:npm_\w{20,}|pypi-[\w-]{20,}|hf_\w{16,}|hv[sbr]\.[\w-]{16,}|do[opr]_v1_\w{16,}|tskey-[\w-]{8,})/g,
  /\b(?:dckr_pat_[\w-]{16,}|dapi[\da-f]{32}|shp(?:at|ss|ca|pa)_\w{16,}|AGE-SECRET-KEY-1\w{20,}|gsk_\w{16,}|xai-\w{16,})/g,
  // A PEM block in Base64.
  /\bLS0tLS1CRUdJTi[\w+/=]{8,}/g,
];

/** Finds tokens of known providers. */
export function findTokens(text: string): Span[] {
  return TOKENS.flatMap((pattern) =>
    Array.from(text.matchAll(pattern), ({ index, 0: { length } }) => ({ from: index, to: index + length })),
  );
}

const PEM_BEGIN = "-----BEGIN ";
const PEM_END = "-----END ";
const DASHES = "-----";

/** Longer than any label of a PEM block. */
const MAX_LABEL = 64;

/** Blocks that everybody may see. */
const PUBLIC = /CERTIFICATE|PUBLIC KEY|PARAMETERS|SIGNED MESSAGE/;

/** Finds what is in PEM blocks, to the end of the text where one does not end. */
export function findPemBlocks(text: string): Span[] {
  const spans: Span[] = [];
  for (let begin = text.indexOf(PEM_BEGIN); begin !== -1; ) {
    const label = begin + PEM_BEGIN.length;
    const from = text.slice(label, label + MAX_LABEL).indexOf(DASHES);
    const start = from === -1 ? label : label + from + DASHES.length;
    if (from !== -1 && !PUBLIC.test(text.slice(label, label + from))) {
      const end = text.indexOf(PEM_END, start);
      const to = end === -1 ? text.length : end;
      if (to > start) spans.push(trim(text, { from: start, to }));
      begin = text.indexOf(PEM_BEGIN, to);
    } else {
      begin = text.indexOf(PEM_BEGIN, start);
    }
  }
  return spans;
}

/** Without the line breaks, so that the block keeps its lines. */
function trim(text: string, { from, to }: Span): Span {
  const start = text[from] === "\n" && to > from + 1 ? from + 1 : from;
  return { from: start, to: text[to - 1] === "\n" && to - 1 > start ? to - 1 : to };
}
