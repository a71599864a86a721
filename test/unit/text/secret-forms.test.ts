import { describe, expect, test } from "bun:test";
import { maskArguments, maskText } from "../../../lib/text/secrets.ts";

const AWS = "AKIAIOSFODNN7EXAMPLE";
const GITHUB = `ghp_${"hush".repeat(9)}`;
const JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJodXNoIn0.hush-hush_hush";
const TELEGRAM = `123456789:${"AAhush7".repeat(5)}`;
const DISCORD = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs";

/** What is masked, and what stays readable beside it. */
const FORMS: readonly (readonly [text: string, masked: string])[] = [
  // Variables.
  [`API_TOKEN="hush" sync --all`, `API_TOKEN="***" sync --all`],
  [`API_TOKEN='hush two' sync`, `API_TOKEN='***' sync`],
  [`NAME="hush" run.sh`, `NAME="***" run.sh`],
  [`NAME=hush OTHER='hush two' run.sh`, `NAME=*** OTHER='***' run.sh`],
  ["export REPORT=hush; report --to ops", "export REPORT=***; report --to ops"],
  ["export name=hush && report", "export name=*** && report"],
  [`export X="hush two" Y=hush; report`, `export X="***" Y=***; report`],
  ["X=hush run.sh", "X=*** run.sh"],
  ["set -a; X=hush; run.sh", "set -a; X=***; run.sh"],
  [`declare -x a="hush"; run.sh`, `declare -x a="***"; run.sh`],
  ["env -i A=hush B=hush run.sh", "env -i A=*** B=*** run.sh"],
  ["curl -su user:hush https://host/a", "curl -su user:*** https://host/a"],
  ["curl --cookie='sid=hush' https://host", "curl --cookie='***' https://host"],
  ["args:\n- --api-key\n- hush\n- list", "args:\n- --api-key\n- ***\n- list"],
  ["snmpwalk -v2c -c hush host", "snmpwalk -v2c -c *** host"],
  ["cd /srv && DB_PASS=hush ./backup.sh /data", "cd /srv && DB_PASS=*** ./backup.sh /data"],
  ["sudo PGPASSWORD=hush psql -h db.example -U app", "sudo PGPASSWORD=*** psql -h db.example -U app"],
  ["env MYSQL_PWD=hush mysql -h db app", "env MYSQL_PWD=*** mysql -h db app"],
  ["docker run -e PLAIN=hush -p 80:80 nginx:1.27", "docker run -e PLAIN=*** -p 80:80 nginx:1.27"],
  ["docker build --build-arg plain=hush -t app .", "docker build --build-arg plain=*** -t app ."],
  [
    "kubectl create secret generic s --from-literal=plain=hush -n ops",
    "kubectl create secret generic s --from-literal=plain=*** -n ops",
  ],
  [`TOKEN=a"hush two"b sync`, `TOKEN=*** sync`],
  [`sh -c "SECRET=hush run.sh"`, `sh -c "SECRET=*** run.sh"`],
  // Flags.
  [`login --password "hush" --verbose`, `login --password "***" --verbose`],
  ["login --password 'hush two' --verbose", "login --password '***' --verbose"],
  ["login --password=hush --verbose", "login --password=*** --verbose"],
  [`login --password="hush two" host.example`, `login --password="***" host.example`],
  ["login --password \\\n  hush --verbose", "login --password \\\n  *** --verbose"],
  ["tool -token hush -v", "tool -token *** -v"],
  ["--api-key hush list", "--api-key *** list"],
  [`["tool", "--api-key", "hush", "list"]`, `["tool", "--api-key", "***", "list"]`],
  [`["tool","--api-key","hush two","list"]`, `["tool","--api-key","***","list"]`],
  [`["tool","--api-key=hush two","list"]`, `["tool","--api-key=***","list"]`],
  ["keytool -list -storepass hush -keystore /etc/ks.jks", "keytool -list -storepass *** -keystore /etc/ks.jks"],
  ["java -Dspring.datasource.password=hush -jar app.jar", "java -Dspring.datasource.password=*** -jar app.jar"],
  // Short flags of programs.
  ["curl -u user:hush https://host/a", "curl -u user:*** https://host/a"],
  ["curl -uuser:hush https://host/a", "curl -uuser:*** https://host/a"],
  [`curl --user "user:hush two" https://host/a`, `curl --user "user:***" https://host/a`],
  ["curl --proxy-user me:hush -x proxy:8080 https://host", "curl --proxy-user me:*** -x proxy:8080 https://host"],
  ["sshpass -p hush ssh root@host uptime", "sshpass -p *** ssh root@host uptime"],
  ["sshpass -p 'hush two' ssh root@host", "sshpass -p '***' ssh root@host"],
  ["sshpass -phush ssh root@host", "sshpass -p*** ssh root@host"],
  [`["sshpass","-p","hush","ssh","root@host"]`, `["sshpass","-p","***","ssh","root@host"]`],
  ["mysql -u root -phush -h db app", "mysql -u root -p*** -h db app"],
  ["/usr/bin/mysqldump -p'hush two' app > /tmp/a.sql", "/usr/bin/mysqldump -p'***' app > /tmp/a.sql"],
  ["redis-cli -h cache -a hush ping", "redis-cli -h cache -a *** ping"],
  ["docker login -u me -p hush registry.example", "docker login -u me -p *** registry.example"],
  ["ldapsearch -D cn=admin -w hush -b dc=example", "ldapsearch -D cn=admin -w *** -b dc=example"],
  ["zip -P hush -r a.zip /data", "zip -P *** -r a.zip /data"],
  ["openssl enc -aes-256-cbc -pass pass:hush -in a.txt", "openssl enc -aes-256-cbc -pass pass:*** -in a.txt"],
  ["smbclient //nas/share -U user%hush -c ls", "smbclient //nas/share -U user%*** -c ls"],
  // Headers and cookies.
  ["curl -H 'Authorization: Bearer hush.hush' x", "curl -H 'Authorization: Bearer ***' x"],
  [`curl -H "Authorization: Basic aHVzaDpodXNo" x`, `curl -H "Authorization: Basic ***" x`],
  ["curl -H 'Authorization: hush' x", "curl -H 'Authorization: ***' x"],
  [`curl -H "X-Api-Key: hush" https://host/a`, `curl -H "X-Api-Key: ***" https://host/a`],
  [`curl -H "X-Auth-Token: hush two" https://host`, `curl -H "X-Auth-Token: ***" https://host`],
  [`curl -H "Cookie: a=hush; b=hush" https://host`, `curl -H "Cookie: ***" https://host`],
  ["Set-Cookie: sid=hush; Path=/\nHost: host", "Set-Cookie: ***\nHost: host"],
  [`curl --cookie "sid=hush; b=hush" https://host`, `curl --cookie "***" https://host`],
  ["curl -b sid=hush -o out.txt https://host", "curl -b *** -o out.txt https://host"],
  [`Authorization: Digest username="hush", response="hush"\nHost: host`, "Authorization: Digest ***\nHost: host"],
  // JSON.
  [`{"apiKey": "hush"}`, `{"apiKey": "***"}`],
  [
    `curl -d '{"user":"me","password":"hush two"}' https://host`,
    `curl -d '{"user":"me","password":"***"}' https://host`,
  ],
  [
    String.raw`curl -d "{\"user\":\"me\",\"password\":\"hush\"}" https://host`,
    String.raw`curl -d "{\"user\":\"me\",\"password\":\"***\"}" https://host`,
  ],
  [
    String.raw`{"body": "{\"token\": \"hu\\\"sh\", \"page\": 2}"}`,
    String.raw`{"body": "{\"token\": \"***\", \"page\": 2}"}`,
  ],
  [`{"credentials": {"a": "hush", "b": ["hush"]}, "page": 2}`, `{"credentials": {***}, "page": 2}`],
  ["{token: hush, page: 2}", "{token: ***, page: 2}"],
  ["password: hush\nuser: me", "password: ***\nuser: me"],
  // URLs and connection strings.
  ["curl https://me:hush@host/a", "curl https://***@host/a"],
  ["pg_dump postgres://app:hush@db.example:5432/app", "pg_dump postgres://***@db.example:5432/app"],
  ["pg_dump postgres://app:hu/sh@db.example/app", "pg_dump postgres://***@db.example/app"],
  ["redis://:hush@cache:6379/0", "redis://***@cache:6379/0"],
  ["curl 'https://host/a?page=1&token=hush&x=2'", "curl 'https://host/a?page=1&token=***&x=2'"],
  ["curl 'https://host/a?key=hush#top'", "curl 'https://host/a?key=***#top'"],
  ["https://b.s3.amazonaws.com/a?X-Amz-Signature=hush&v=1", "https://b.s3.amazonaws.com/a?X-Amz-Signature=***&v=1"],
  [
    "Server=db;Database=app;User Id=me;Password=hush;Encrypt=true",
    "Server=db;Database=app;User Id=me;Password=***;Encrypt=true",
  ],
  ["AccountName=me;AccountKey=hush==;EndpointSuffix=core", "AccountName=me;AccountKey=***;EndpointSuffix=core"],
  ["host=db user=app password=hush dbname=app", "host=db user=app password=*** dbname=app"],
  ["app:hush@tcp(db:3306)/app", "app:***@tcp(db:3306)/app"],
  ["rsync me:hush@nas.example:/data /backup", "rsync me:***@nas.example:/data /backup"],
  ["post to https://discord.com/api/webhooks/1/hush", "post to https://discord.com/api/webhooks/***"],
  ["post to https://hooks.slack.com/services/T/B/hush", "post to https://hooks.slack.com/services/***"],
  // Files, here-documents, PEM.
  ["machine host.example login me password hush", "machine host.example login me password ***"],
  [
    "cat > ~/.netrc <<EOF\nmachine host\nlogin me\npassword hush\nEOF\nls /srv",
    "cat > ~/.netrc <<EOF\n***\nEOF\nls /srv",
  ],
  [
    "docker login --password-stdin reg.example <<EOF\nhush\nEOF\ndocker ps",
    "docker login --password-stdin reg.example <<EOF\n***\nEOF\ndocker ps",
  ],
  ["cat <<EOF > a.yaml\npassword: hush\nuser: me\nEOF", "cat <<EOF > a.yaml\npassword: ***\nuser: me\nEOF"],
  ["gh auth login --with-token <<< hush", "gh auth login --with-token <<< ***"],
  [
    "echo hush | docker login -u me --password-stdin reg.example",
    "echo *** | docker login -u me --password-stdin reg.example",
  ],
  ["echo 'root:hush' | chpasswd", "echo *** | chpasswd"],
  ["db.example:5432:app:me:hush", "db.example:5432:app:me:***"],
  ["mysql -e \"CREATE USER me IDENTIFIED BY 'hush'\"", "mysql -e \"CREATE USER me IDENTIFIED BY '***'\""],
  ["ALTER USER me PASSWORD 'hush two';", "ALTER USER me PASSWORD '***';"],
  ["//npm.example/:_authToken=hush", "//npm.example/:_authToken=***"],
  ["npm config set //npm.example/:_authToken hush", "npm config set //npm.example/:_authToken ***"],
  [
    "-----BEGIN RSA PRIVATE KEY-----\nhush\nhush\n-----END RSA PRIVATE KEY-----\nls",
    "-----BEGIN RSA PRIVATE KEY-----\n***\n-----END RSA PRIVATE KEY-----\nls",
  ],
  ["-----BEGIN OPENSSH PRIVATE KEY-----\nhush", "-----BEGIN OPENSSH PRIVATE KEY-----\n***"],
  // Tokens of providers.
  [`aws configure list ${AWS} eu-west-1`, "aws configure list *** eu-west-1"],
  [`git clone https://github.com/o/r ${GITHUB}`, "git clone https://github.com/o/r ***"],
  [`check ${JWT} now`, "check *** now"],
  [`curl https://api.telegram.org/bot${TELEGRAM}/getMe`, "curl https://api.telegram.org/bot***/getMe"],
  [`bot ${DISCORD} starts`, "bot *** starts"],
  ["use sk-hushhushhush now", "use *** now"],
  ["use sk-ant-api03-hushhushhush now", "use *** now"],
  ["use xoxb-1234-hushhushhush now", "use *** now"],
  [`use AIza${"hush".repeat(8)} now`, "use *** now"],
  [`use glpat-${"hush".repeat(5)} now`, "use *** now"],
  [`use hf_${"hush".repeat(8)} now`, "use *** now"],
  [`use npm_${"hush".repeat(9)} now`, "use *** now"],
  ["use sk_live_hushhushhush now", "use *** now"],
  [`use ya29.${"hush".repeat(8)} now`, "use *** now"],
  ["Bearer hushhush is refused", "Bearer *** is refused"],
  ["API key: hush", "API key: ***"],
];

const READABLE: readonly string[] = [
  "git -C vault pull origin main",
  "the token expires soon",
  "https://example.com/a?page=2",
  "ssh git@github.com",
  "git clone git@github.com:boxp/vault.git",
  "basic backup",
  "tool --token-file /run/secrets/token --max-tokens 4096",
  "TOKEN_FILE=/run/secrets/token sync",
  "docker login --password-stdin registry.example",
  "docker run -u node:node -p 80:80 nginx:1.27@sha256:9f86d081884c7d65",
  "docker run -u 1000:1000 app",
  'curl -H "Authorization: Bearer $TOKEN" https://host/a',
  "login --password ${LOGIN_PASSWORD} --verbose",
  "PASSWORD=$(cat /run/secrets/p) sync",
  "NODE_ENV=production TZ=Asia/Tokyo node app.js",
  "PATH=/usr/local/bin:$PATH COUNT=5 DIR=/data run.sh",
  "mkdir -pv /srv/a && cp -pr /a /b; ssh -p2222 host",
  "mysql -u root -p app < dump.sql",
  "curl -b cookies.txt -c jar.txt https://host",
  "curl --cookie-jar jar.txt https://host:8443/a",
  "openssl rsa -passin file:/run/p -in key.pem",
  'channels.slack.mode="http" requires channels.slack.signingSecret',
  "unauthorized: gateway token mismatch (set gateway.remote.token)",
  "unexpected property 'declarationKey'",
  "unknown option '--declaration-key'",
  "Unexpected token 'x' in JSON",
  "cat <<EOF > a.txt\nhello\nEOF",
  "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
  "at 12:30:45 on 2026-01-01T09:00:00+09:00, host fe80::1",
  "i=0; while [ $i -lt 5 ]; do i=$((i+1)); done",
  "agent:main:cron:nightly-report",
  "make CC=gcc && dd if=/dev/sda of=/tmp/image",
  "npx npm:lodash@4 mailto:me@example.com",
  '["curl","-u","me","https://host"]',
];

const LISTS: readonly (readonly [argv: readonly string[], masked: readonly string[]])[] = [
  [
    ["x", "--api-key", "hush"],
    ["x", "--api-key", "***"],
  ],
  [
    ["x", "--api-key", "hush two; three", "list"],
    ["x", "--api-key", "***", "list"],
  ],
  [
    ["x", "--password=hush two", "list"],
    ["x", "--password=***", "list"],
  ],
  [
    ["curl", "-u", "me:hush two", "https://host"],
    ["curl", "-u", "me:***", "https://host"],
  ],
  [
    ["curl", "-H", "X-Api-Key: hush two"],
    ["curl", "-H", "X-Api-Key: ***"],
  ],
  [
    ["curl", "-H", "Authorization: Bearer hush"],
    ["curl", "-H", "Authorization: Bearer ***"],
  ],
  [
    ["curl", "--cookie", "a=hush; b=hush"],
    ["curl", "--cookie", "***"],
  ],
  [
    ["curl", "-d", '{"password": "hush"}'],
    ["curl", "-d", '{"password": "***"}'],
  ],
  [
    ["/usr/bin/sshpass", "-p", "hush two", "ssh", "-p", "22", "host"],
    ["/usr/bin/sshpass", "-p", "***", "ssh", "-p", "22", "host"],
  ],
  [
    ["mysql", "-phush two", "app"],
    ["mysql", "-p***", "app"],
  ],
  [
    ["env", "PLAIN=hush two", "run.sh"],
    ["env", "PLAIN=***", "run.sh"],
  ],
  [
    ["env", "PGPASSWORD=hush two", "psql"],
    ["env", "PGPASSWORD=***", "psql"],
  ],
  [
    ["sh", "-c", 'TOKEN="hush" run.sh', "--", "a"],
    ["sh", "-c", 'TOKEN="***" run.sh', "--", "a"],
  ],
  [
    ["login", "--password-stdin", "host"],
    ["login", "--password-stdin", "host"],
  ],
  [
    ["x", "--token-file", "/run/t", "--no-password", "--verbose"],
    ["x", "--token-file", "/run/t", "--no-password", "--verbose"],
  ],
];

describe("maskText()", () => {
  test.each(FORMS)("masks in %j", (text, masked) => {
    expect(maskText(text)).toBe(masked);
    expect(maskText(text)).not.toContain("hush");
  });

  test.each(FORMS)("masks in the middle of a message: %j", (text) => {
    expect(maskText(`invalid job (${text}\n) of 7`)).not.toContain("hush");
  });

  test.each(READABLE)("keeps %j", (text) => {
    expect(maskText(text)).toBe(text);
  });

  test("masks what it has masked as before", () => {
    for (const [, masked] of FORMS) expect(maskText(masked)).toBe(masked);
  });
});

describe("maskArguments()", () => {
  test.each(LISTS)("masks in %j", (argv, masked) => {
    expect(maskArguments(argv)).toEqual([...masked]);
  });
});
