import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { inheritedSockets, listen, ListenError, type Listener } from "../src/index.ts";
import { program } from "./_program.ts";

const said = { host: "--host", port: "--port" };
const anyPort = { host: "127.0.0.1", port: 0, fd: undefined, said };

async function dialled(listener: Listener): Promise<Socket> {
  const socket = connect(listener.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

describe("listen", () => {
  test("a taken port is an error that names the port and the flag", async () => {
    await using first = await listen(createServer(), anyPort);
    const second = listen(createServer(), { ...anyPort, port: first.port });
    await expect(second).rejects.toThrow(ListenError);
    await expect(listen(createServer(), { ...anyPort, port: first.port })).rejects.toThrow(
      `port ${first.port} is in use: stop what listens there, or choose another with --port`,
    );
  });

  test("an address of another machine is an error that names the flag", async () => {
    await expect(listen(createServer(), { ...anyPort, host: "192.0.2.1" })).rejects.toThrow(
      "192.0.2.1 is no address of this machine: change --host",
    );
  });

  test.each([
    { name: "net", create: () => createServer() },
    { name: "http", create: () => createHttp() },
  ])("stop refuses new connections and leaves accepted ones alone ($name)", async ({ create }) => {
    const server = create();
    await using listener = await listen(server, anyPort);
    const accepted = once(server, "connection");
    const near = await dialled(listener);
    const [far] = (await accepted) as [Socket];
    listener.stop();
    listener.stop();
    const late = connect(listener.port, "127.0.0.1");
    await expect(once(late, "connect")).rejects.toThrow("ECONNREFUSED");
    far.write("still here");
    expect(String((await once(near, "data"))[0])).toBe("still here");
    expect([...listener.connections]).toEqual([far]);
    near.destroy();
    await listener.drained();
    expect(listener.connections.size).toBe(0);
  });

  test("disposing cuts what is left", async () => {
    const server = createServer();
    const listener = await listen(server, anyPort);
    const accepted = once(server, "connection");
    const near = await dialled(listener);
    await accepted;
    await listener[Symbol.asyncDispose]();
    await once(near, "close");
  });
});

describe("inherited sockets", () => {
  test.each([
    { name: "none without LISTEN_FDS", env: {}, want: [] },
    {
      name: "numbered when unnamed",
      env: { LISTEN_FDS: "2" },
      want: [
        ["0", 3],
        ["1", 4],
      ],
    },
    {
      name: "by name",
      env: { LISTEN_FDS: "2", LISTEN_FDNAMES: "public:admin" },
      want: [
        ["public", 3],
        ["admin", 4],
      ],
    },
    {
      name: "none when they are another process's",
      env: { LISTEN_FDS: "1", LISTEN_PID: "8" },
      want: [],
    },
    {
      name: "ours by pid",
      env: { LISTEN_FDS: "1", LISTEN_PID: "7", LISTEN_FDNAMES: "unknown" },
      want: [["0", 3]],
    },
    { name: "none when the count is nonsense", env: { LISTEN_FDS: "-1" }, want: [] },
  ])("are $name", ({ env, want }) => {
    expect([...inheritedSockets(env, 7)]).toEqual(want);
  });

  test("are served by the child while the parent's copy stays open", async () => {
    await using parent = await listen(createServer(), anyPort);
    const server = createServer();
    await using handed = await listen(server, anyPort);
    const { fd } = (server as unknown as { _handle: { fd: number } })._handle;
    using child = program("inherit", [], {
      stdio: ["ignore", "pipe", "inherit", fd],
      env: { ...process.env, LISTEN_FDS: "1", LISTEN_FDNAMES: "public" },
    });
    expect(await child.line()).toBe(String(handed.port));
    handed.stop();
    const near = connect(handed.port, "127.0.0.1");
    expect(String((await once(near, "data"))[0])).toBe("from the child");
    expect(await child.ended()).toEqual({ code: 0, stderr: "" });
    expect(parent.port).not.toBe(handed.port);
  });
});
