import { WireError } from "@warren/wire";
import { describe, expect, test } from "vitest";
import type { Stream } from "../src/index.ts";
import { Recorder, TunnelPair } from "../src/testing/index.ts";

const bytes = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
const BUG = new TypeError("a bug");

/** An owner with a bug: it throws at the event that it is named for, and notes all others. */
class Broken extends Recorder {
  constructor(at: keyof Recorder) {
    super();
    Object.assign(this, {
      [at]: () => {
        throw BUG;
      },
    });
  }
}

/** A pair whose acceptor side gives each stream the next of `owners`, then good ones. */
function paired(owners: Recorder[]) {
  const bugs: unknown[] = [];
  const accepted: { stream: Stream; owner: Recorder }[] = [];
  const pair = new TunnelPair({
    broke: (reason) => void bugs.push(reason),
    onStream(stream) {
      const owner = owners.shift() ?? new Recorder();
      stream.owner = owner;
      accepted.push({ stream, owner });
    },
  });
  return { pair, accepted, bugs };
}

/** A stream opened now goes from end to end and leaves nothing. */
function expectWorking({ pair, accepted }: ReturnType<typeof paired>): void {
  const client = new Recorder();
  const stream = pair.dialler.open(bytes("x"), false, client);
  stream.write(bytes("question"), true);
  pair.settle();
  const last = accepted.at(-1)!;
  expect(last.owner).toMatchObject({ text: "question", ended: true });
  last.stream.write(bytes("answer"), true);
  pair.settle();
  expect(client).toMatchObject({ text: "answer", ended: true });
  expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  expect([pair.dialler.pool.lentBytes, pair.acceptor.pool.lentBytes]).toEqual([0, 0]);
}

describe("an owner that throws costs its own stream", () => {
  test.each([
    { at: "onData", ended: false },
    { at: "onData", ended: true },
    { at: "onTrailers", ended: true },
    { at: "onEnd", ended: true },
  ] as const)("at $at, the peer's direction ended: $ended", ({ at, ended }) => {
    const broken = new Broken(at);
    const all = paired([broken]);
    const { pair, bugs } = all;
    const client = new Recorder();
    const stream = pair.dialler.open(bytes("x"), false, client);
    if (at === "onTrailers") stream.trailers(bytes("t"));
    else stream.write(bytes("data"), ended);
    pair.settle();
    expect(bugs).toEqual([BUG]);
    expect(client.error).toMatchObject({ code: "internal", message: "internal error" });
    expect(broken.error).toMatchObject({ code: "internal", cause: BUG });
    expectWorking(all);
  });

  test("at an answer's head", () => {
    const all = paired([]);
    const { pair, accepted, bugs } = all;
    const broken = new Broken("onHead");
    pair.dialler.open(bytes("x"), true, broken);
    pair.settle();
    accepted[0]!.stream.head(bytes("200"), false);
    accepted[0]!.stream.write(bytes("more"), true);
    pair.settle();
    expect(bugs).toEqual([BUG]);
    expect(broken.error?.code).toBe("internal");
    expectWorking(all);
  });

  test("when it is asked for more", () => {
    const all = paired([]);
    const { pair, accepted, bugs } = all;
    const stream = pair.dialler.open(bytes("x"), false, new Broken("onWritable"));
    while (stream.write(new Uint8Array(16_384), false));
    pair.settle();
    expect(bugs).toEqual([BUG]);
    expect(accepted[0]!.owner.error?.code).toBe("internal");
    expectWorking(all);
  });

  test("at a reset, after which there is nothing to lose", () => {
    const all = paired([new Broken("onReset")]);
    const { pair, bugs } = all;
    const stream = pair.dialler.open(bytes("x"), false, new Recorder());
    pair.settle();
    stream.reset(new WireError("cancelled", ""));
    pair.settle();
    expect(bugs).toEqual([BUG]);
    expectWorking(all);
  });

  test("and one that throws as its stream is accepted has none", () => {
    const bugs: unknown[] = [];
    const pair = new TunnelPair({
      broke: (reason) => void bugs.push(reason),
      onStream() {
        throw BUG;
      },
    });
    const client = new Recorder();
    pair.dialler.open(bytes("x"), true, client);
    pair.settle();
    expect(bugs).toEqual([BUG]);
    expect(client.error?.code).toBe("internal");
    expect([pair.dialler.streams, pair.acceptor.streams]).toEqual([0, 0]);
  });
});

test("the end of a tunnel is told to all owners, also behind one that throws", () => {
  const { pair, bugs } = paired([]);
  const good = new Recorder();
  pair.dialler.open(bytes("x"), false, new Broken("onReset"));
  pair.dialler.open(bytes("y"), false, good);
  pair.settle();
  pair.dialler.fail(new WireError("tunnel_lost", "gone"));
  expect(bugs).toEqual([BUG]);
  expect(good.error?.code).toBe("tunnel_lost");
});

test("streams that never left are given back, also behind an owner that throws", () => {
  const { pair, bugs } = paired([]);
  const good = new Recorder();
  pair.dialler.detach();
  pair.dialler.open(bytes("x"), false, new Broken("onReset"));
  pair.dialler.open(bytes("y"), false, good);
  pair.dialler.refuseUndeparted();
  expect(bugs).toEqual([BUG]);
  expect(good.error?.code).toBe("refused");
});
