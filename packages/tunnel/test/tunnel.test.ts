import { FLOOR_BYTES, LIMITS, WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import type { Stream } from "../src/index.ts";
import { ManualClock, Recorder, TunnelPair } from "../src/testing/index.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** A pair whose acceptor side records every stream. */
function recorded(options: ConstructorParameters<typeof TunnelPair>[0] = {}) {
  const accepted: { stream: Stream; owner: Recorder; opening: string; ended: boolean }[] = [];
  const pair = new TunnelPair({
    ...options,
    onStream(stream, opening, ended) {
      const owner = new Recorder();
      owner.stream = stream;
      stream.owner = owner;
      accepted.push({ stream, owner, opening: String.fromCharCode(...opening), ended });
    },
  });
  return { pair, accepted };
}

describe("a stream", () => {
  test("carries an opening, an answer's head, bytes, trailers and both ends", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("GET /"), true, client);
    pair.settle();
    expect(accepted).toMatchObject([{ opening: "GET /", ended: true }]);
    const answer = accepted[0]!.stream;
    answer.head(bytes("103 early"), false);
    answer.head(bytes("200 OK"), false);
    answer.write(bytes("hello "), false);
    answer.write(bytes("world"), false);
    answer.trailers(bytes("grpc-status: 0"));
    pair.settle();
    expect(client.heads).toEqual(["103 early", "200 OK"]);
    expect(client.text).toBe("hello world");
    expect(client.trailers).toBe("grpc-status: 0");
    expect(client.ended).toBe(true);
    expect(stream.open).toBe(false);
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });

  test("half-closes: one direction ends while the other goes on", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), false, client);
    stream.write(bytes("up"), true);
    pair.settle();
    expect(accepted[0]!.owner).toMatchObject({ text: "up", ended: true });
    accepted[0]!.stream.write(bytes("down"), false);
    pair.settle();
    expect(client).toMatchObject({ text: "down", ended: false });
    expect(stream.open).toBe(true);
  });

  test("is reset in both directions, with the code and message of the side that did it", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    pair.dialler.open(bytes("x"), false, client);
    pair.settle();
    accepted[0]!.stream.reset(new WireError("upstream_unreachable", "nobody listens"));
    pair.settle();
    expect(client.error).toMatchObject({ code: "upstream_unreachable", message: "nobody listens" });
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });

  test("that both sides reset at once is gone on both", () => {
    const { pair, accepted } = recorded();
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    pair.settle();
    stream.reset(new WireError("cancelled", ""));
    accepted[0]!.stream.reset(new WireError("internal", ""));
    pair.settle();
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });

  test("whose request had ended can still be cancelled", () => {
    const { pair, accepted } = recorded();
    const stream = pair.dialler.open(bytes("x"), true, new Recorder());
    pair.settle();
    stream.reset(new WireError("cancelled", "the client left"));
    pair.settle();
    expect(accepted[0]!.owner.error?.code).toBe("cancelled");
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });

  test("that is stopped drops what still comes, and its sender hears of it", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), false, client);
    stream.write(new Uint8Array(100_000), false);
    pair.settle(2);
    accepted[0]!.stream.stop();
    pair.settle();
    expect(client.stopped).toBe(true);
    stream.end();
    accepted[0]!.stream.end();
    pair.settle();
    expect(accepted[0]!.owner.bytes).toBeLessThan(100_000);
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });

  test("can be stopped in the middle of a head", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), true, client);
    pair.settle();
    const answer = accepted[0]!.stream;
    answer.head(bytes("h".repeat(60_000)), false);
    answer.write(bytes("body"), false);
    pair.settle(2);
    stream.stop();
    answer.end();
    pair.settle();
    expect(pair.errors).toEqual([]);
    expect(client).toMatchObject({ heads: [], text: "", ended: true });
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });

  test("takes nothing more once its end is said, though the end has not left", () => {
    const { pair, accepted } = recorded();
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    stream.write(bytes("all"), false);
    stream.end();
    stream.write(bytes("more"), false);
    stream.end();
    pair.settle();
    expect(accepted[0]!.owner).toMatchObject({ text: "all", ended: true });
    expect(pair.errors).toEqual([]);
  });

  test("that has said all it has to say hears of no stop", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), false, client);
    pair.settle();
    accepted[0]!.stream.end();
    stream.stop();
    pair.settle();
    stream.end();
    pair.settle();
    expect(accepted[0]!.owner.stopped).toBe(false);
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });

  test("takes a head block larger than its floor in parts", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const long = "h".repeat(60_000);
    pair.dialler.open(bytes(long), true, client);
    pair.settle();
    expect(accepted[0]!.opening).toBe(long);
    accepted[0]!.stream.head(bytes(long), true);
    pair.settle();
    expect(client.heads).toEqual([long]);
  });
});

describe("credit", () => {
  test("a consumer that never reads holds its sender at the floor", () => {
    const { pair, accepted } = recorded();
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    pair.settle();
    accepted[0]!.owner.consuming = false;
    expect(stream.write(new Uint8Array(1_000_000), false)).toBe(false);
    pair.settle();
    expect(accepted[0]!.owner.bytes).toBeLessThanOrEqual(FLOOR_BYTES);
    expect(accepted[0]!.owner.bytes).toBeGreaterThan(FLOOR_BYTES - 100);
  });

  test("many stalled streams do not stop another, and hold no more than their floors and the pool", () => {
    const poolBytes = 1_048_576;
    const { pair, accepted } = recorded({ poolBytes });
    const streams = Array.from({ length: 200 }, () =>
      pair.dialler.open(bytes("x"), false, new Recorder()),
    );
    pair.settle();
    for (const stream of streams) stream.write(new Uint8Array(1_000_000), false);
    pair.settle(40);
    for (const { owner } of accepted) owner.consuming = false;
    pair.settle();
    const held = accepted.reduce((sum, { owner }) => sum + owner.unconsumed, 0);
    expect(held).toBeLessThanOrEqual(200 * FLOOR_BYTES + poolBytes);
    const other = pair.dialler.open(bytes("y"), false, new Recorder());
    other.write(new Uint8Array(500_000), true);
    pair.settle();
    expect(accepted.at(-1)!.owner).toMatchObject({ bytes: 500_000, ended: true });
  });

  test("grows for a consumer that keeps up, and is given back when the stream goes quiet", () => {
    const clock = new ManualClock();
    const { pair, accepted } = recorded({ clock });
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    for (let n = 0; n < 60; n++) {
      stream.write(new Uint8Array(200_000), false);
      pair.settle(6);
      clock.advance(4);
    }
    pair.settle();
    expect(pair.acceptor.pool.lentBytes).toBeGreaterThan(200_000);
    clock.advance(11_000);
    pair.settle();
    expect(pair.acceptor.pool.lentBytes).toBe(0);
    expect(accepted[0]!.owner.bytes).toBe(60 * 200_000);
    stream.write(new Uint8Array(50_000), true);
    pair.settle();
    expect(accepted[0]!.owner).toMatchObject({ bytes: 60 * 200_000 + 50_000, ended: true });
  });

  test("is given back when a direction ends, though the other goes on", () => {
    const clock = new ManualClock();
    const { pair, accepted } = recorded({ clock });
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    for (let n = 0; n < 20; n++) {
      stream.write(new Uint8Array(200_000), false);
      pair.settle(6);
      clock.advance(4);
    }
    pair.settle();
    const { owner } = accepted[0]!;
    owner.consuming = false;
    stream.write(new Uint8Array(300_000), true);
    pair.settle();
    expect(owner.ended).toBe(true);
    const { pool } = pair.acceptor;
    expect(pool.lentBytes).toBe(Math.max(0, owner.unconsumed - FLOOR_BYTES));
    owner.catchUp();
    expect(pool.lentBytes).toBe(0);
    expect(pair.acceptor.streams).toBe(1);
  });

  test("of bytes dropped after a stop is given back when they end", () => {
    const clock = new ManualClock();
    const { pair, accepted } = recorded({ clock });
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    for (let n = 0; n < 20; n++) {
      stream.write(new Uint8Array(200_000), false);
      pair.settle(6);
      clock.advance(4);
    }
    accepted[0]!.stream.stop();
    pair.settle();
    stream.end();
    pair.settle();
    expect(pair.acceptor.streams).toBe(1);
    expect(pair.acceptor.pool.lentBytes).toBe(0);
  });

  test("the writer hears when there is room again", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), false, client);
    pair.settle();
    accepted[0]!.owner.consuming = false;
    expect(stream.write(new Uint8Array(40_000), false)).toBe(false);
    pair.settle();
    expect(client.writable).toBe(0);
    accepted[0]!.owner.catchUp();
    pair.settle();
    expect(client.writable).toBe(1);
    expect(stream.writable).toBe(true);
  });
});

describe("what waits in a stream", () => {
  test("is no more than 256 KiB, however much credit it has", () => {
    const clock = new ManualClock();
    const { pair } = recorded({ clock });
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    for (let n = 0; n < 60; n++) {
      stream.write(new Uint8Array(200_000), false);
      pair.settle(6);
      clock.advance(4);
    }
    pair.settle();
    pair.pipe.cut();
    let queued = 0;
    for (; stream.write(new Uint8Array(8_192), false); queued += 8_192);
    expect(queued).toBeLessThanOrEqual(262_144);
    expect(queued).toBeGreaterThan(200_000);
  });

  test("is no more than 1,024 pieces, however small they are", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), false, client);
    pair.settle();
    pair.pipe.cut();
    let pieces = 1;
    for (; stream.write(bytes("."), false); pieces++);
    expect(pieces).toBe(1_024);
    pair.join();
    pair.settle();
    expect(client.writable).toBe(1);
    expect(accepted[0]!.owner.bytes).toBe(1_024);
  });
});

describe("a small stream beside a bulk sender", () => {
  test("is served before the bulk that waits", () => {
    const { pair, accepted } = recorded();
    const bulk = pair.dialler.open(bytes("bulk"), false, new Recorder());
    pair.settle();
    bulk.write(new Uint8Array(200_000), false);
    pair.dialler.open(bytes("small"), true, new Recorder());
    pair.settle(2);
    expect(accepted.map(({ opening }) => opening)).toEqual(["bulk", "small"]);
  });
});

describe("without a transport", () => {
  test("what comes late from an old one was never received", () => {
    const { pair } = recorded();
    pair.dialler.open(bytes("x"), false, new Recorder());
    pair.settle(1);
    const before = pair.acceptor.received;
    pair.pipe.cut();
    pair.acceptor.receive(Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 1));
    expect(pair.acceptor.received).toBe(before);
    expect(pair.errors).toEqual([]);
  });
});

describe("a flap", () => {
  test("loses nothing and doubles nothing, whatever was under way", () => {
    const { pair, accepted } = recorded();
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), false, client);
    for (let n = 0; n < 50; n++) {
      stream.write(bytes(`${n},`), false);
      pair.settle(1);
      if (n % 3 === 0) pair.flap();
      accepted[0]?.stream.write(bytes(`${n};`), false);
      if (n % 7 === 0) pair.flap();
    }
    stream.end();
    accepted[0]!.stream.end();
    pair.settle();
    const numbers = Array.from({ length: 50 }, (_, n) => n);
    expect(accepted[0]!.owner.text).toBe(numbers.map((n) => `${n},`).join(""));
    const answered = client.text.split(";").filter(Boolean).map(Number);
    expect(answered).toEqual(numbers.slice(answered[0]));
    expect(accepted).toHaveLength(1);
  });

  test("while nothing is attached, writers are held at their credit", () => {
    const { pair } = recorded();
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    pair.settle();
    pair.pipe.cut();
    expect(stream.write(new Uint8Array(10_000), false)).toBe(true);
    expect(stream.write(new Uint8Array(10_000), false)).toBe(false);
    expect(pair.dialler.stats().replayBytes).toBeLessThan(FLOOR_BYTES + 100);
  });

  test("a resume from a number that was never sent is refused", () => {
    const { pair } = recorded();
    pair.pipe.cut();
    expect(pair.dialler.attach(pair.pipe.left, 99)).toBe(false);
  });
});

describe("the end of a tunnel", () => {
  test("fails every stream with the error given, and refuses new ones with it", () => {
    const { pair } = recorded();
    const client = new Recorder();
    pair.dialler.open(bytes("x"), false, client);
    pair.dialler.fail(new WireError("tunnel_lost", "never came back"));
    expect(client.error?.code).toBe("tunnel_lost");
    expect(() => pair.dialler.open(bytes("x"), true, client)).toThrow("never came back");
  });
});

describe("limits", () => {
  test("an opener honours the announced number of streams", () => {
    const { pair } = recorded({ limits: { ...LIMITS, streams: 3 } });
    for (let n = 0; n < 3; n++) pair.dialler.open(bytes("x"), false, new Recorder());
    expect(() => pair.dialler.open(bytes("x"), false, new Recorder())).toThrow(
      "all the streams it may have",
    );
  });
});
