/** What the containers of a chart tell their commands, read by the commands' own options. */
import { loadConfig, type Loaded } from "@warren/host";
import { commands } from "@warren/warren";
import type { Pod, PodContainer } from "./pods.ts";
import type { Manifest } from "./validate.ts";

/** What is not in manifests: fields of pods, and what Secrets have. */
const FROM_ELSEWHERE: Readonly<Record<string, string>> = {
  "metadata.name": "pod-0",
  "metadata.namespace": "warren-system",
  "status.podIP": "10.0.0.7",
  REDIS_URL: "redis://ada:secret@redis:6379",
};

/** The variables of a container: its ConfigMaps', then its own. */
export function environmentOf(
  { env = [], envFrom = [] }: PodContainer,
  objects: readonly Manifest[],
): Record<string, string> {
  const said: Record<string, string> = {};
  for (const { configMapRef } of envFrom) {
    const found = objects.find(
      ({ kind, metadata }) => kind === "ConfigMap" && metadata.name === configMapRef?.name,
    );
    Object.assign(said, found?.["data"]);
  }
  for (const { name, value, valueFrom } of env) {
    // A server leaves out a value that is empty.
    if (valueFrom === undefined) {
      said[name] = value ?? "";
      continue;
    }
    const from = Object.values(valueFrom)[0];
    said[name] = FROM_ELSEWHERE[from?.["fieldPath"] ?? from?.["key"] ?? ""] ?? "of a Secret";
  }
  const known = Object.entries(said).map(([name, value]) => [name, expanded(value, said)]);
  return Object.fromEntries(known) as Record<string, string>;
}

/** `$(NAME)`, as a kubelet expands it. */
function expanded(value: string, said: Readonly<Record<string, string>>): string {
  return value.replaceAll(/\$\((\w+)\)/g, (all, name: string) => said[name] ?? all);
}

export function commandOf({ args = [] }: PodContainer) {
  // `agent leave` is no `agent`.
  const command = [2, 1]
    .map((count) => args.slice(0, count).join(" "))
    .flatMap((words) => commands.filter(({ name }) => name === words))[0];
  if (command === undefined) throw new Error(`no command ${args.join(" ")}`);
  return command;
}

/** As the command itself reads them: names and values that it does not know are problems. */
export function optionsOf(pod: Pod, env: Readonly<Record<string, string>>): Loaded<never> {
  const [container] = pod.spec.containers;
  const { name, options } = commandOf(container!);
  const all = commands.map((one) => one.options);
  return loadConfig(options, {
    argv: container!.args!.slice(name.split(" ").length),
    env,
    file: undefined,
    all,
  }) as Loaded<never>;
}
