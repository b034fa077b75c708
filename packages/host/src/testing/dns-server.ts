import { createSocket, type RemoteInfo } from "node:dgram";
import { once } from "node:events";
import { decode, encode, type Answer, type Packet } from "dns-packet";

/** Records by type and name; a name that is not there does not exist. */
export interface DnsZone {
  A: Record<string, string[]>;
  CNAME: Record<string, string>;
  TXT: Record<string, string[]>;
}

/** A DNS server of the test's own, over UDP on the loopback, whose records may change. */
export interface TestDns extends AsyncDisposable {
  readonly address: string;
  readonly zone: DnsZone;
  /** Names that were asked for, `TYPE name`, in order. */
  readonly asked: string[];
  /** Every host without an A record of its own has this one. */
  everywhere: string | undefined;
  /** Answers nothing, or that it failed. */
  mood: "well" | "silent" | "failing";
}

/** RCODEs of RFC 1035 §4.1.1, as the packet's flags take them. */
const SERVFAIL = 2;
const NXDOMAIN = 3;
const AUTHORITATIVE = 0x0400;

export async function testDns(): Promise<TestDns> {
  const socket = createSocket("udp4");
  const zone: DnsZone = { A: {}, CNAME: {}, TXT: {} };
  const dns: TestDns = {
    address: "",
    zone,
    asked: [],
    everywhere: undefined,
    mood: "well",
    async [Symbol.asyncDispose]() {
      const closed = once(socket, "close");
      socket.close();
      await closed;
    },
  };
  socket.on("message", (message: Buffer, from: RemoteInfo) => {
    const query = decode(message);
    const [question] = query.questions ?? [];
    if (question === undefined) return;
    const name = question.name.toLowerCase();
    dns.asked.push(`${question.type} ${name}`);
    if (dns.mood === "silent") return;
    const answers = dns.mood === "well" ? answersOf(dns, question.type, name) : [];
    const code = dns.mood === "failing" ? SERVFAIL : answers === undefined ? NXDOMAIN : 0;
    const response: Packet = {
      type: "response",
      id: query.id ?? 0,
      flags: AUTHORITATIVE | code,
      questions: [question],
      answers: answers ?? [],
    };
    socket.send(encode(response), from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  return Object.assign(dns, { address: `127.0.0.1:${socket.address().port}` });
}

/** Undefined: there is no such name. */
function answersOf(dns: TestDns, type: string, name: string): Answer[] | undefined {
  const { A, CNAME, TXT } = dns.zone;
  const alias = CNAME[name];
  if (alias !== undefined) {
    const rest = type === "CNAME" ? [] : (answersOf(dns, type, alias) ?? []);
    return [{ type: "CNAME", name, data: alias, ttl: 1 }, ...rest];
  }
  const everywhere = dns.everywhere === undefined ? undefined : [dns.everywhere];
  const addresses = A[name] ?? everywhere;
  const texts = TXT[name];
  if (addresses === undefined && texts === undefined) return undefined;
  if (type === "A") return (addresses ?? []).map((data) => ({ type: "A", name, data, ttl: 1 }));
  if (type === "TXT") return (texts ?? []).map((data) => ({ type: "TXT", name, data, ttl: 1 }));
  return [];
}
