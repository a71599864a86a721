/** A name such as `GITHUB_TOKEN`, `apiKey` or `client-secret`. */
const SECRET_NAME =
  /token|secret|passw(?:or)?d|passphrase|passcode|(?:api|private|access|account|signing|encryption|master)_?-?key|credential|bearer|cookie|signature|(?:auth|authorization|pwd|[_-]pass|storepass|keypass)$|^pass$/i;

/** A name in camel case: the end of `bypass` is no word. */
const CAMEL_PASS = /[a-z]Pass$/;

/** What a name ends in that says where a secret is, or of which kind: `SECRET_NAME`, `password-stdin`, `passwordfile`. */
const PLACE_NAME =
  /[_-](?:file|path|dir|directory|stdin|command|cmd|helper|name|username|url|uri|endpoint|host|type|kind|mode|provider|source|ttl|expiry|expires|expires_?in|jar|count|limit|length|size|budget|ref|version|policy|scopes?|algorithm|env|fd|store|manager|key_?-?id)$|(?:token|passw(?:or)?d|secret)file$/i;

/** The same in camel case: `tokenFile`. */
const CAMEL_PLACE =
  /[a-z\d](?:File|Path|Dir|Directory|Stdin|Command|Cmd|Helper|Name|Username|Url|URL|Uri|Endpoint|Host|Type|Kind|Mode|Provider|Source|Ttl|Expiry|Expires|ExpiresIn|Jar|Count|Limit|Length|Size|Budget|Ref|Version|Policy|Scopes?|Algorithm|Env|Fd|Store|Manager|KeyId)$/;

/** Parameters in the query of a URL, besides {@link SECRET_NAME}. */
const QUERY_NAME = /(?:key|sig|auth|pass|code)$/i;

/** Longer words are no names. */
const MAX_NAME = 200;

/** Whether the name says that its value is secret. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) || CAMEL_PASS.test(name);
}

/** Whether everything under this key is secret. */
export function isSecretPlace(key: string): boolean {
  return key === "env" || isSecretName(key);
}

/** Whether a text that follows this name is secret, as in `NAME=…`: not so for `TOKEN_FILE`, `maxTokens` or `PWD`. */
export function isSecretLabel(name: string): boolean {
  const label = name.slice(-MAX_NAME);
  return isSecretName(label) && !PLACE_NAME.test(label) && !CAMEL_PLACE.test(label) && !/^(?:OLD)?PWD$/.test(label);
}

/** The same for a parameter in the query of a URL. */
export function isSecretParameter(name: string): boolean {
  return isSecretLabel(name) || QUERY_NAME.test(name.slice(-MAX_NAME));
}
