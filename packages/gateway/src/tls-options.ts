import { isIP } from "node:net";
import {
  Duration,
  fromText,
  listOption,
  option,
  switchOption,
  Text,
  urlOf,
  WholeNumber,
  type ConfigOf,
} from "@warren/host";
import { PRODUCTION, STAGING, type AcmeConfig } from "./acme/acme-config.ts";
import { isOrderable } from "./acme/orderable.ts";
import type { GatewayConfig } from "./config.ts";

const ChallengeType = fromText("http-01 or tls-alpn-01", (text) =>
  text === "http-01" || text === "tls-alpn-01" ? text : undefined,
);
const DomainName = fromText("a domain like clusters.example.com", (text) => {
  const name = text.toLowerCase().replace(/\.$/, "");
  const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  // Names below it have up to 63 characters and a dot more.
  return new RegExp(`^(${label}\\.)*${label}$`).test(name) && name.length <= 180 ? name : undefined;
});
const CertifiedName = fromText("a public name like gateway.example.com", (text) => {
  const name = text.toLowerCase().replace(/\.$/, "");
  return isOrderable(name) ? name : undefined;
});
const DnsServer = fromText("an address like 10.0.0.53, 10.0.0.53:53 or [fd00::53]:53", (text) => {
  const [, six, four, port = "53"] = /^(?:\[(.+)\]|([\d.]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = six ?? four ?? text;
  return isIP(address) > 0 && Number(port) < 65_536 ? text : undefined;
});

/** Certificates for hosts that clusters publish, and whose hosts are. */
export const tlsOptions = {
  acme: switchOption({
    help: "Orders a certificate for each host that a cluster has claimed; of a staging CA, which no browser believes, without --acme-production.",
  }),
  acmeAgree: switchOption({ help: "You agree to the terms of service of the CA." }),
  acmeProduction: switchOption({
    help: "Orders of the CA that browsers believe (Let's Encrypt); needs --acme-agree.",
  }),
  acmeEmail: option({
    value: "<address>",
    schema: Text,
    help: "Where the CA writes to when something is wrong.",
  }),
  acmeHost: listOption({
    value: "<name>",
    schema: CertifiedName,
    help: "Name of this gateway itself that agents dial by wss://; the host of a wss:// --advertise is one already.",
  }),
  acmeDirectory: option({
    value: "<url>",
    schema: urlOf("https"),
    help: "Another CA, by its ACME directory; needs --acme-agree.",
  }),
  acmeCa: option({
    value: "<file>",
    schema: Text,
    help: "Authority of that CA's own server (PEM), where the system does not know it.",
  }),
  acmeKeyFile: option({
    value: "<file>",
    schema: Text,
    help: "Key that all gateways share, under which private keys are kept in Redis; 32 bytes or more.",
  }),
  acmeChallenge: listOption({
    value: "<type>",
    schema: ChallengeType,
    help: "How hosts are proved: http-01 or tls-alpn-01; both in turn unless set.",
  }),
  acmeNames: option({
    value: "<count>",
    schema: WholeNumber,
    default: "20",
    help: "Hosts under one wildcard claim that get a certificate of their own when somebody asks for them.",
  }),
  acmeNewNames: option({
    value: "<count>",
    schema: WholeNumber,
    default: "25",
    help: "Such hosts under all wildcards of one domain that get their first certificate in a week.",
  }),
  acmeOrders: option({
    value: "<count>",
    schema: WholeNumber,
    default: "50",
    help: "New certificates that are ordered for one claim group in an hour.",
  }),
  domain: option({
    value: "<name>",
    schema: DomainName,
    help: "Every cluster has names below it: <uuid>.<name>, and <cluster>.<name> for whoever comes first.",
  }),
  domainProof: switchOption({
    help: "A host that no token covers can be published by whoever has the TXT record _warren.<host> for it.",
  }),
  domainGrace: option({
    value: "<duration>",
    schema: Duration,
    default: "24h",
    help: "How long after that record is gone a host is given up.",
  }),
  dnsServer: listOption({
    value: "<address>",
    schema: DnsServer,
    help: "Asked for those records, by `warren why`, and for endpoints' names; the system's unless set.",
  }),
};

type TlsOptions = ConfigOf<typeof tlsOptions>;

/** Orders that a gateway has under way at once. */
const ORDERS_AT_ONCE = 5;

export function readTlsOptions(
  options: TlsOptions & { redisUrl: readonly unknown[]; advertise: string | undefined },
  said: (key: keyof typeof tlsOptions) => string,
  problems: string[],
): Pick<GatewayConfig, "acme" | "sharedKeyFile" | "domain" | "domainProof" | "dnsServers"> {
  const { domain, domainProof, domainGrace, dnsServer, acmeKeyFile } = options;
  if (options.acme && options.redisUrl.length > 0 && acmeKeyFile === undefined)
    problems.push(`${said("acme")}: needs --acme-key-file where gateways share a Redis`);
  return {
    acme: readAcme(options, said, problems),
    sharedKeyFile: acmeKeyFile,
    domain,
    domainProof: domainProof ? { graceMs: domainGrace } : undefined,
    dnsServers: dnsServer,
  };
}

function readAcme(
  options: TlsOptions & { advertise: string | undefined },
  said: (key: keyof typeof tlsOptions) => string,
  problems: string[],
): AcmeConfig | undefined {
  const { acmeAgree, acmeProduction, acmeDirectory, acmeCa, acmeEmail, acmeChallenge } = options;
  if (!options.acme) {
    const given = [acmeAgree, acmeProduction, acmeDirectory, acmeCa, acmeEmail].some(Boolean);
    if (given || options.acmeHost.length > 0)
      problems.push("--acme: is needed where another --acme-* is given");
    return undefined;
  }
  if (acmeProduction && !acmeAgree)
    problems.push(`${said("acmeProduction")}: needs --acme-agree: read the CA's terms first`);
  if (acmeDirectory !== undefined && !acmeAgree)
    problems.push(`${said("acmeDirectory")}: needs --acme-agree: read the CA's terms first`);
  if (acmeDirectory !== undefined && acmeProduction)
    problems.push(`${said("acmeDirectory")}: is another CA than that of --acme-production`);
  return {
    directory: acmeDirectory?.href ?? (acmeProduction ? PRODUCTION : STAGING),
    caFile: acmeCa,
    email: acmeEmail,
    ownHosts: ownHosts(options),
    challenges: acmeChallenge.length > 0 ? acmeChallenge : ["http-01", "tls-alpn-01"],
    wildcardNames: options.acmeNames,
    newNamesPerWeek: options.acmeNewNames,
    ordersPerHour: options.acmeOrders,
    atOnce: ORDERS_AT_ONCE,
  };
}

/** By which agents dial this gateway, and not another port of it. */
function ownHosts({
  acmeHost,
  advertise,
}: {
  acmeHost: readonly string[];
  advertise: string | undefined;
}): string[] {
  const said = advertise === undefined ? undefined : new URL(advertise);
  const isName = said?.protocol === "wss:" && isOrderable(said.hostname);
  return [...new Set([...acmeHost, ...(isName ? [said.hostname] : [])])];
}
