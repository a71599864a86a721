/** `main`, `gpt5`, `70b`, `20250929`: a part of a name. */
const SIMPLE_PART = /^(?:[A-Za-z]{1,20}\d{0,4}|\d{1,8}[A-Za-z]{0,3})$/;

/** What is between the parts of a name. */
const SEPARATORS = /[^A-Za-z0-9]+/;

const NAME = /^[@.~/]{0,3}\w[\w.:/-]*$/;

const PHONE_NUMBER = /^[\d\s()/-]{7,}$/;

const FILE_PATH = /^(?:~|\.{1,2})?\/[^\s+=]+$/;

/** With an extension that a config or its parts can have. */
const FILE_NAME =
  /^[^\s"'`:@+=]+\.(?:json5?|ya?ml|toml|[cm]?[jt]s|py|sh|md|txt|log|pem|crt|key|db|sqlite|png|jpe?g|svg|webp)$/;

const UUID = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}/i;

/** Whether a value reads as a name of something: an agent, a model, a plugin, a mode, a path, a URL. */
export function isPlainName(value: string): boolean {
  if (!NAME.test(value) || PHONE_NUMBER.test(value) || isRandom(value)) return false;
  const odd = value.split(SEPARATORS).filter((part) => !isSimplePart(part));
  return odd.length <= 2 && odd.every((part) => part.length <= 4); // `k8s`, `8x7b`
}

function isSimplePart(part: string): boolean {
  if (part === "") return true;
  const capitals = part.match(/[a-z](?=[A-Z])/g)?.length ?? 0;
  return SIMPLE_PART.test(part) && capitals * 3 <= part.length; // `ackReaction`, but not `xKqZbTwL`
}

/** Whether a value is long and changes between letters, capitals and digits as a generated token does. */
export function isRandom(value: string): boolean {
  if (value.length < 20) return false;
  const changes = value.match(/[a-z](?=[A-Z\d])|[A-Z](?=\d)|\d(?=[A-Za-z])/g)?.length ?? 0;
  return UUID.test(value) || changes * 5 >= value.length;
}

/** Whether a value is a path or the name of a file. A path that ends in something generated may be the secret of a URL. */
export function isFileName(value: string): boolean {
  return FILE_NAME.test(value) || (FILE_PATH.test(value) && !value.split("/").some(isRandom));
}
