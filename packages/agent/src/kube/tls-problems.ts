import type { Problem } from "./cluster-view.ts";
import { MOST_PLACES } from "./ingress/places.ts";
import { isFor, isUnfit, type Pair, type Unfit } from "./tls-pair.ts";
import type { NamedUse } from "./tls-uses.ts";

/** What keeps a Secret that an object names from being at its hosts. Never holds any of it. */
export interface TlsProblem extends Problem {
  /** `namespace/name`. */
  readonly secret: string;
}

const TOO_MANY = `spec.tls names more than ${MOST_PLACES} hosts: the first ${MOST_PLACES} count; split the Ingress`;

export interface TlsLookUps {
  /** Published hosts of one that the use names, at which it has a say. */
  readonly spokenOf: (use: NamedUse, named: string) => Iterable<string>;
  readonly pairOf: (secret: string) => Pair | Unfit;
}

/** Of one object; nothing of what is not published: its other problems say why that is. */
export function tlsProblems(uses: readonly NamedUse[], look: TlsLookUps): TlsProblem[] {
  const cut = uses.find(({ rules }) => rules?.isCut === true);
  const isSaid = cut?.speaksFor(cut.object) !== undefined;
  const tooMany = { reason: "TlsHostUnused", message: TOO_MANY };
  return [
    ...(isSaid ? [{ ...tooMany, secret: cut.secret }] : []),
    ...uses.flatMap((use) => problemsOf(use, look)),
  ];
}

function problemsOf(use: NamedUse, { spokenOf, pairOf }: TlsLookUps): TlsProblem[] {
  const { object, secret } = use;
  // Where it may not speak for itself nothing of it is published.
  const isIdle = use.speaksFor(object) === undefined;
  const said = (reason: string, message: string): TlsProblem => ({ secret, reason, message });
  const problems: TlsProblem[] = [];
  let unfit: Unfit | undefined;
  for (const named of use.hosts) {
    const [first] = spokenOf(use, named);
    if (first === undefined) {
      // What its rules have: why these are not published is told elsewhere.
      if (!isIdle && use.rules !== undefined && !use.rules.names.has(named))
        problems.push(said("TlsHostUnused", unused(named, secret)));
      continue;
    }
    const pair = pairOf(secret);
    if (isUnfit(pair)) unfit = pair;
    else if (!isFor(pair, named)) {
      const host = Iterator.from(spokenOf(use, named)).find((one) => !isFor(pair, one));
      if (host !== undefined)
        problems.push(
          said("CertificateInvalid", `the certificate of Secret ${secret} is not for ${host}`),
        );
    }
  }
  if (unfit === undefined) return problems;
  return [said(unfit.reason, `Secret ${secret} is not used: ${unfit.message}`), ...problems];
}

function unused(named: string, secret: string): string {
  return `${named} of spec.tls is no host that its namespace publishes: Secret ${secret} is not used there`;
}
