import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { house } from "./_cli.ts";

const newKey = () => randomBytes(32).toString("base64");

/** A chat whose master keys are in files, and a file that alice uploaded to it. */
async function chatOf(home: ReturnType<typeof house>, current: string) {
  writeFileSync(home.at("key"), current);
  // Nothing former yet; a file must have something in it.
  writeFileSync(home.at("former"), current);
  const files = ["--encryption-key-file", "key", "--encryption-key-previous-file", "former"];
  const cli = home.start(["chat", "--dev", "--port", "0", ...files]);
  const [, url = ""] = await cli.says(/chat on (http:\S+)/);
  const { stdout } = await home.run(["chat", "token", "--user", "alice"]);
  const authorization = `Bearer ${stdout.trim()}`;
  const ask = async (method: string, path: string, body?: FormData) => {
    const response = await fetch(url + path, {
      method,
      headers: { authorization },
      ...(body !== undefined && { body }),
    });
    return (await response.json()) as Record<string, unknown>;
  };
  return { cli, url, ask, [Symbol.asyncDispose]: () => cli[Symbol.asyncDispose]() };
}

describe("warren chat keys rotate", () => {
  test("finds the chat of the data folder, changes its key while it runs, and says so", async () => {
    using home = house();
    const old = newKey();
    await using chat = await chatOf(home, old);
    const form = new FormData();
    form.append("file", new Blob(["hello there"]), "a.txt");
    const uploaded = await chat.ask("POST", "/upload", form);
    expect(uploaded).toMatchObject({ name: "a.txt" });
    writeFileSync(home.at("key"), newKey());
    writeFileSync(home.at("former"), old);
    const done = await home.run(["chat", "keys", "rotate", "--json"]);
    expect(done.code, done.stderr).toBe(0);
    const state = JSON.parse(done.stdout) as Record<string, unknown>;
    expect(state).toMatchObject({ state: "done", complete: true, unreadable: 0 });
    expect(state["former_key_ids"]).toHaveLength(1);
    const again = await home.run(["chat", "keys", "rotate"]);
    expect(again).toMatchObject({ code: 0, stderr: expect.stringContaining("complete") });
    const file = await fetch(new URL(String(uploaded["file_url"]), chat.url));
    expect(await file.text()).toBe("hello there");
  });

  test("says what is wrong with a key, and nothing of the key", async () => {
    using home = house();
    await using chat = await chatOf(home, newKey());
    writeFileSync(home.at("key"), "nonsense-and-short");
    const { code, stderr } = await home.run(["chat", "keys", "rotate"]);
    expect(code).not.toBe(0);
    expect(stderr).toContain("ENCRYPTION_KEY");
    expect(`${stderr}${chat.cli.stderr}`).not.toContain("nonsense");
  });

  test("says where it looked when no chat runs", async () => {
    using home = house();
    const none = await home.run(["chat", "keys", "rotate"]);
    expect(none).toMatchObject({ stderr: expect.stringContaining("--url") });
    expect(none.code).not.toBe(0);
    const elsewhere = ["--url", "http://127.0.0.1:1/chat", "--token", "x"];
    const away = await home.run(["chat", "keys", "rotate", ...elsewhere]);
    expect(away).toMatchObject({ stderr: expect.stringContaining("no chat answers") });
  });
});
