// Several pods never keep conversations in a file of each, and one pod never in another store than was said.
import { describe, expect, test } from "vitest";
import {
  environmentOf as plainEnvironment,
  readChat,
  readOptions,
  templateOf,
} from "./_kit/chat.ts";
import { objectsOf, only } from "./_kit/folders.ts";
import { exampleFlags, helm, render, setFlags } from "./_kit/helm.ts";
import { podsOf } from "./_kit/pods.ts";
import { environmentOf } from "./_kit/told.ts";

const URI = "mongodb://ada:secret@db/chat";

/** What a pod says that finds this in its environment; "" stands for a Secret without MONGO_URI. */
function problemsOf(env: ReadonlyMap<string, string | undefined>, ofSecret: string): unknown {
  const read = readChat(readOptions(env), "/nowhere", ofSecret || (env.get("MONGO_URI") ?? ""));
  return "problems" in read ? read.problems : [];
}

const PLAIN = ["configmap", "deployment"].flatMap((name) =>
  objectsOf(`deployments/kubernetes/${name}.yaml`),
);
const MESSAGING = ["config", "deployment"].flatMap((name) =>
  objectsOf(`k8s/base/messaging-service-${name}.yaml`),
);

test.each([
  { name: "chatbox-websocket", objects: PLAIN },
  { name: "messaging-service", objects: MESSAGING },
])("$name does not start where MONGO_URI was emptied", ({ name, objects }) => {
  const [container] = templateOf(only(objects, "Deployment", name)).spec.containers;
  const env = plainEnvironment(container, objects);
  expect(problemsOf(env, "")).toEqual([]);
  env.set("MONGO_URI", "");
  expect(problemsOf(env, "")).toEqual([expect.stringMatching(/^MONGO_URI: must be set/)]);
  expect(problemsOf(env, URI)).toEqual([]);
});

/** What the chart tells the pod. */
async function told(flags: readonly string[]) {
  const objects = await render(flags, "newest");
  const [pod] = podsOf(objects);
  return new Map(Object.entries(environmentOf(pod!.spec.containers[0]!, objects)));
}

describe.skipIf(helm === undefined)("a pod of the chart", () => {
  test("does not start where neither the values nor the Secret say where MongoDB is", async () => {
    const env = await told(
      setFlags({ "chat.enabled": true, "chat.wsAllowedOrigins": ["https://a.example"] }),
    );
    expect(problemsOf(env, "")).toEqual([expect.stringMatching(/^MONGO_URI: must be set/)]);
    expect(problemsOf(env, URI)).toEqual([]);
  });

  test("with SQLite does not start where the Secret says where MongoDB is", async () => {
    const env = await told(exampleFlags("chat-small-values.yaml"));
    expect(problemsOf(env, URI)).toEqual([expect.stringMatching(/^MONGO_URI: must not be set/)]);
    expect(problemsOf(env, "")).toEqual([]);
  });
});
