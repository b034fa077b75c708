import { mergeConditions, no, yes, type Said, type When } from "./conditions.ts";
import { isAccepted } from "./gateway-class.ts";
import { gatewayProblem } from "./gateway-problem.ts";
import { LISTENER_CONDITIONS } from "./listeners.ts";
import type { GatewayState } from "./judge-gateway.ts";
import type { GatewayModel } from "./model.ts";
import { GROUP } from "./objects.ts";
import type { Gateway, ListenerStatus } from "./objects.ts";

export const GATEWAY_CONDITIONS = ["Accepted", "Programmed", "ResolvedRefs"];
/** metav1: GatewayStatus.addresses. */
const MOST_ADDRESSES = 16;

type Status = NonNullable<Gateway["status"]>;

/** What a Gateway's status becomes; `before` is that of the object which is written to. */
export function gatewayStatus(
  model: GatewayModel,
  state: GatewayState,
  { before, when }: { before: Status; when: When },
): Status {
  const said = conditionsOf(model, state);
  const addresses = addressesOf(state.gateway, model.names);
  return {
    ...before,
    addresses: addresses.map((value) => ({ type: "Hostname", value })),
    conditions: mergeConditions(before.conditions ?? [], said, {
      owned: GATEWAY_CONDITIONS,
      when,
    }),
    listeners: state.listeners.map((judged): ListenerStatus => {
      const { name } = judged.listener;
      const old = before.listeners?.find((one) => one.name === name);
      return {
        name,
        supportedKinds: judged.supported.map((kind) => ({ group: GROUP, kind })),
        attachedRoutes: model.attachedRoutes(state.key, name),
        conditions: mergeConditions(old?.conditions ?? [], judged.conditions, {
          owned: LISTENER_CONDITIONS,
          when,
        }),
      };
    }),
  };
}

/** Those that were asked for, as far as they are ours; all where nothing was. */
function addressesOf({ spec }: Gateway, names: readonly string[]): readonly string[] {
  const asked = (spec.addresses ?? []).map(({ value = "" }) => value).filter((one) => one !== "");
  const given = asked.length === 0 ? names : names.filter((name) => asked.includes(name));
  return given.slice(0, MOST_ADDRESSES);
}

function conditionsOf(model: GatewayModel, state: GatewayState): Said[] {
  const accepted = acceptanceOf(model, state);
  return [accepted, programmedOf(model, state, accepted), referencesOf(state)];
}

function acceptanceOf(model: GatewayModel, state: GatewayState): Said {
  const { gatewayClassName } = state.gateway.spec;
  const found = model.gatewayClass(gatewayClassName);
  if (found === undefined || !isAccepted(found))
    return no("Accepted", "Invalid", `GatewayClass ${gatewayClassName} is not accepted`);
  const problem = gatewayProblem(state.gateway, model.names);
  if (problem?.type === "Accepted") return problem;
  const bad = state.listeners.filter(({ accepted }) => !accepted);
  if (bad.length === 0)
    return yes("Accepted", "Accepted", `all listeners are valid${unserved(state.gateway)}`);
  const message = `listeners that are not served: ${bad.map(({ listener }) => listener.name).join(", ")}`;
  return bad.length === state.listeners.length
    ? no("Accepted", "ListenersNotValid", message)
    : yes("Accepted", "ListenersNotValid", `${message}${unserved(state.gateway)}`);
}

/** What it asks for that Warren has not, and that keeps nothing of it from being served. */
function unserved({ spec }: Gateway): string {
  const { allowedListeners, infrastructure = {}, defaultScope = "None" } = spec;
  const { from = "None" } = allowedListeners?.namespaces ?? {};
  const wishes = Object.keys({ ...infrastructure.labels, ...infrastructure.annotations });
  return [
    from === "None" ? "" : "; ListenerSets are not supported: none attaches",
    wishes.length === 0
      ? ""
      : "; nothing is created for a Gateway that labels and annotations of spec.infrastructure could be put on",
    defaultScope === "None" ? "" : "; no route attaches that does not name the Gateway",
  ].join("");
}

function programmedOf(model: GatewayModel, state: GatewayState, accepted: Said): Said {
  if (accepted.status !== "True") return no("Programmed", "Invalid", accepted.message);
  const problem = gatewayProblem(state.gateway, model.names);
  if (problem !== undefined) return problem;
  if (!state.listeners.some(({ programmed }) => programmed))
    return no("Programmed", "Invalid", "no listener is served");
  // A gateway without a domain names nobody, and serves all the same.
  const unnamed = ", which have given this cluster no name: hosts lead to them by other ways";
  const message = `Warren's gateways serve it${model.names.length === 0 ? unnamed : ""}`;
  return yes("Programmed", "Programmed", message);
}

/** A summary of the listeners' own, and what is asked for the Gateway as a whole. */
function referencesOf({ gateway, listeners }: GatewayState): Said {
  if (gateway.spec.tls?.backend?.clientCertificateRef !== undefined)
    return no(
      "ResolvedRefs",
      "InvalidClientCertificateRef",
      "Warren shows services no certificate of its own",
    );
  const bad = listeners.filter(({ conditions }) =>
    conditions.some(({ type, status }) => type === "ResolvedRefs" && status !== "True"),
  );
  return bad.length === 0
    ? yes("ResolvedRefs", "ResolvedRefs", "all references are resolved")
    : no(
        "ResolvedRefs",
        "ListenersNotResolved",
        `listeners with references that lead nowhere: ${bad.map(({ listener }) => listener.name).join(", ")}`,
      );
}
