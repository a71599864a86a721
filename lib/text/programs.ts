/** How a short flag gives a secret. */
export type FlagKind =
  /** All of it is secret. */
  | "secret"
  /** `user:secret`, `user%secret` or `user,secret`. */
  | "pair"
  /** A cookie, `name=value`, or else the name of a file. */
  | "cookie"
  /** `pass:secret`, or a place such as `file:PATH`. */
  | "source";

interface Flags {
  /** Flags whose value is the next word. */
  next?: Readonly<Record<string, FlagKind>>;
  /** Flags with the value attached. */
  glued?: Readonly<Record<string, FlagKind>>;
}

const MYSQL: Flags = { glued: { "-p": "secret" } };
const MONGO: Flags = { next: { "-p": "secret" }, glued: { "-p": "secret" } };
const LDAP: Flags = { next: { "-w": "secret" }, glued: { "-w": "secret" } };
const CURL: Flags = { next: { "-b": "cookie", "-u": "pair", "-U": "pair" }, glued: { "-u": "pair", "-U": "pair" } };
const HTTPIE: Flags = { next: { "-a": "pair" } };
const ZIP: Flags = { next: { "-P": "secret" }, glued: { "-P": "secret" } };
const SEVEN_ZIP: Flags = { glued: { "-p": "secret" } };
const SAMBA: Flags = { next: { "-U": "pair" }, glued: { "-U": "pair" } };
const DIGEST: Flags = { next: { "-passin": "source", "-passout": "source", "-pass": "source", "-k": "secret" } };
const LOGIN: Flags = { next: { "-p": "secret" }, glued: { "-p": "secret" } };

/** Programs with short flags that give secrets. `login` and `upload` are what several programs call theirs. */
const PROGRAMS: ReadonlyMap<string, Flags> = new Map([
  ["sshpass", MONGO],
  ...["mysql", "mysqldump", "mysqladmin", "mysqlimport", "mysqlcheck", "mariadb", "mariadb-dump", "mariadb-admin"].map(
    (name) => [name, MYSQL] as const,
  ),
  ...["mongo", "mongosh", "mongodump", "mongorestore", "mongoexport", "mongoimport"].map(
    (name) => [name, MONGO] as const,
  ),
  ...["ldapsearch", "ldapadd", "ldapmodify", "ldapdelete", "ldapwhoami"].map((name) => [name, LDAP] as const),
  ...["redis-cli", "valkey-cli"].map((name) => [name, { next: { "-a": "secret" } }] as const),
  ...["smbclient", "rpcclient", "smbget"].map((name) => [name, SAMBA] as const),
  ...["7z", "7za", "7zz", "rar", "unrar"].map((name) => [name, SEVEN_ZIP] as const),
  ...["zip", "unzip", "sqlcmd", "bcp", "ipmitool"].map((name) => [name, ZIP] as const),
  ...["http", "https", "xh"].map((name) => [name, HTTPIE] as const),
  ...["login", "upload"].map((name) => [name, LOGIN] as const),
  ["curl", CURL],
  ["openssl", DIGEST],
  ...["snmpget", "snmpset", "snmpwalk"].map((name) => [name, { next: { "-c": "secret" } }] as const),
  ["ssh-keygen", { next: { "-N": "secret", "-P": "secret" } }],
  // Their -p is a port, also after sshpass.
  ...["ssh", "scp", "sftp"].map((name) => [name, {}] as const),
  ["lftp", { next: { "-u": "pair" } }],
]);

/** Programs whose `-u` is an owner, `node:node`, and no login. */
const OWNERS = new Set(["docker", "podman", "nerdctl", "chown", "install", "systemd-run", "rsync", "runuser"]);

const ANY: Flags = { next: { "-u": "pair", "-U": "pair", "--user": "pair", "--proxy-user": "pair" } };

/** Whether flags that come after this word are read as those of this program. */
export function isProgram(word: string): boolean {
  return PROGRAMS.has(word) || OWNERS.has(word);
}

/** Several flags of one letter. */
const CLUSTER = /^-[A-Za-z]{2,6}$/;

/** How the word after this flag is secret; undefined if it is none. */
export function kindOfNext(flag: string, program: string): FlagKind | undefined {
  const own = PROGRAMS.get(program)?.next;
  if (own && Object.hasOwn(own, flag)) return own[flag];
  const last = CLUSTER.test(flag) ? `-${flag.slice(-1)}` : ""; // -su: -s and -u
  if (own && Object.hasOwn(own, last)) return own[last];
  return !OWNERS.has(program) && Object.hasOwn(ANY.next ?? {}, flag) ? ANY.next?.[flag] : undefined;
}

/** The flag that this word begins with, its value attached: `-pSECRET`. */
export function findGlued(word: string, program: string): { flag: string; kind: FlagKind } | undefined {
  if (word.startsWith("--")) return undefined;
  const flag = word.slice(0, 2);
  const kind = PROGRAMS.get(program)?.glued?.[flag];
  return kind === undefined ? undefined : { flag, kind };
}

/** Numbers of a user and a group. */
const OWNER = /^\d{1,10}:\d{1,10}$/;

/** Where the secret of such a value begins; undefined if it holds none. */
export function findSecretStart(value: string, kind: FlagKind): number | undefined {
  switch (kind) {
    case "secret":
      return 0;
    case "pair": {
      const at = value.search(/[:%,]/);
      return at === -1 || OWNER.test(value) || value.startsWith("://", at) ? undefined : at + 1;
    }
    case "cookie":
      return value.includes("=") ? 0 : undefined;
    case "source":
      return /^(?:file|env|fd):|^stdin$/.test(value) ? undefined : value.startsWith("pass:") ? 5 : 0;
  }
}
