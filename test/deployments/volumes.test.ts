// What the guide saves of a chat's and of a gateway's volume: its own words, run on folders as these make them.
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempDisposableSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { environmentOf, startAsTold, templateOf } from "./_kit/chat.ts";
import { commandsOf } from "./_kit/commands.ts";
import { objectsOf, only } from "./_kit/folders.ts";

/** What a shell in a pod is told, by the file that it goes to. */
const told = commandsOf("docs/kubernetes.md").flatMap((words) =>
  words.at(-2) === ">" && words.at(-1)!.endsWith(".tar")
    ? [{ program: words[0], file: words.at(-1)!, script: words[words.indexOf("-c") + 1]! }]
    : [],
);

function saved(file: string, program: string, data: string): { tar: Buffer; names: string[] } {
  const { script } = told.find((one) => one.file === file && one.program === program)!;
  const tar = execFileSync("sh", ["-c", script.replaceAll("/data", data)]);
  const list = execFileSync("tar", ["-t"], { input: tar, encoding: "utf8" });
  return { tar, names: list.trim().split("\n") };
}

test("a chat that was saved starts elsewhere, and its keys are apart from what they seal", async () => {
  const objects = ["configmap", "deployment"].flatMap((name) =>
    objectsOf(`deployments/kubernetes/${name}.yaml`),
  );
  const { spec } = templateOf(only(objects, "Deployment", "chatbox-websocket"));
  const environment = environmentOf(spec.containers[0], objects);
  using data = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  using elsewhere = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  const chat = await startAsTold(environment, join(data.path, "chat"));
  await chat[Symbol.asyncDispose]();
  expect(readdirSync(join(data.path, "chat"))).toContain("chat-origin.json");

  const content = saved("chat-data.tar", "kubectl", data.path);
  const keys = saved("chat-keys.tar", "kubectl", data.path);
  expect(content.names).toContain("chat/chat.db");
  expect(content.names.filter((name) => /keys|origin/.test(name))).toEqual([]);
  expect(keys.names).toContain("chat/chat-keys.db");
  expect(keys.names.filter((name) => !name.startsWith("chat/chat-keys.db"))).toEqual([]);

  for (const { tar } of [content, keys])
    execFileSync("tar", ["-x", "-C", elsewhere.path], { input: tar });
  await using again = await startAsTold(environment, join(elsewhere.path, "chat"));
  expect((await fetch(`http://127.0.0.1:${again.port}/chat/readyz`)).status).toBe(200);
});

test.each(["kubectl", "docker"])("a gateway is saved by %s while it runs", (program) => {
  using data = mkdtempDisposableSync(join(tmpdir(), "warren-"));
  for (const folder of ["keys", "lost+found"]) mkdirSync(join(data.path, folder));
  const files = "signing-key.pem keys/a.pem admin.token gateway.json gateway.lock running.json";
  for (const name of files.split(" ")) writeFileSync(join(data.path, name), "");
  const { names } = saved("gateway-data.tar", program, data.path);
  expect(names.sort()).toEqual(
    "admin.token gateway.json keys/ keys/a.pem signing-key.pem".split(" "),
  );
});
