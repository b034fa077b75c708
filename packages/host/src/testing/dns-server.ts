import { createSocket, type RemoteInfo, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { createServer, type AddressInfo, type Socket } from "node:net";
import {
  decode,
  encode,
  streamDecode,
  streamEncode,
  type Answer,
  type DecodedPacket,
  type Packet,
} from "dns-packet";

/** Records by type and name; a name that is not there does not exist. */
export interface DnsZone {
  A: Record<string, string[]>;
  AAAA: Record<string, string[]>;
  CNAME: Record<string, string>;
  TXT: Record<string, string[]>;
}

/** A DNS server of the test's own, over UDP and TCP on the loopback, whose records may change. */
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
  await using owned = new AsyncDisposableStack();
  const zone: DnsZone = { A: {}, AAAA: {}, CNAME: {}, TXT: {} };
  const dns: TestDns = {
    address: "",
    zone,
    asked: [],
    everywhere: undefined,
    mood: "well",
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
  const port = await overTcp(dns, owned);
  await overUdp(dns, port, owned);
  const kept = owned.move();
  return Object.assign(dns, { address: `127.0.0.1:${port}` });
}

async function overTcp(dns: TestDns, owned: AsyncDisposableStack): Promise<number> {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    let said = Buffer.alloc(0);
    socket.on("close", () => open.delete(socket)).on("error", () => {});
    socket.on("data", (piece: Buffer) => {
      said = Buffer.concat([said, piece]);
      // Two bytes of length, then a message, again and again (RFC 1035 §4.2.2).
      while (said.length > 1 && said.length >= 2 + said.readUInt16BE(0)) {
        const length = 2 + said.readUInt16BE(0);
        const response = respond(dns, streamDecode(said.subarray(0, length)) as DecodedPacket);
        if (response !== undefined) socket.write(streamEncode(response));
        said = said.subarray(length);
      }
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  owned.defer(async () => {
    for (const socket of open) socket.destroy();
    const closed = once(server, "close");
    server.close();
    await closed;
  });
  return (server.address() as AddressInfo).port;
}

async function overUdp(dns: TestDns, port: number, owned: AsyncDisposableStack): Promise<void> {
  const socket: UdpSocket = createSocket("udp4");
  socket.on("message", (message: Buffer, from: RemoteInfo) => {
    const response = respond(dns, decode(message));
    if (response !== undefined) socket.send(encode(response), from.port, from.address);
  });
  socket.bind(port, "127.0.0.1");
  await once(socket, "listening");
  owned.defer(async () => {
    const closed = once(socket, "close");
    socket.close();
    await closed;
  });
}

function respond(dns: TestDns, query: DecodedPacket): Packet | undefined {
  const [question] = query.questions ?? [];
  if (question === undefined) return undefined;
  const name = question.name.toLowerCase();
  dns.asked.push(`${question.type} ${name}`);
  if (dns.mood === "silent") return undefined;
  const answers = dns.mood === "well" ? answersOf(dns, question.type, name) : [];
  const code = dns.mood === "failing" ? SERVFAIL : answers === undefined ? NXDOMAIN : 0;
  return {
    type: "response",
    id: query.id ?? 0,
    flags: AUTHORITATIVE | code,
    questions: [question],
    answers: answers ?? [],
  };
}

/** Undefined: there is no such name. */
function answersOf(dns: TestDns, type: string, name: string): Answer[] | undefined {
  const { A, AAAA, CNAME, TXT } = dns.zone;
  const alias = CNAME[name];
  if (alias !== undefined) {
    const rest = type === "CNAME" ? [] : (answersOf(dns, type, alias) ?? []);
    return [{ type: "CNAME", name, data: alias, ttl: 1 }, ...rest];
  }
  const everywhere = dns.everywhere === undefined ? undefined : [dns.everywhere];
  const addresses = A[name] ?? everywhere;
  const [long, texts] = [AAAA[name], TXT[name]];
  if ((addresses ?? long ?? texts) === undefined) return undefined;
  if (type === "A") return (addresses ?? []).map((data) => ({ type: "A", name, data, ttl: 1 }));
  if (type === "AAAA") return (long ?? []).map((data) => ({ type: "AAAA", name, data, ttl: 1 }));
  if (type === "TXT") return (texts ?? []).map((data) => ({ type: "TXT", name, data, ttl: 1 }));
  return [];
}
