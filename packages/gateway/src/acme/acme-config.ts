import type { ChallengeType } from "./ca-client.ts";

/** How certificates are ordered. */
export interface AcmeConfig {
  /** RFC 8555 §7.1.1. */
  directory: string;
  /** PEM file of authorities that the CA's server is believed by; undefined: the system's. */
  caFile: string | undefined;
  email: string | undefined;
  /** Names of the gateway itself, where agents dial it: nobody's claim. Lower case. */
  ownHosts: readonly string[];
  /** Tried in turn, the next one after a failure. */
  challenges: readonly ChallengeType[];
  /** Hosts under one wildcard claim that get a certificate each. */
  wildcardNames: number;
  /** New ones in a week under all wildcards of one domain. */
  newNamesPerWeek: number;
  /** Orders of one claim group in an hour. */
  ordersPerHour: number;
  /** Orders at once. */
  atOnce: number;
}

export const STAGING = "https://acme-staging-v02.api.letsencrypt.org/directory";
export const PRODUCTION = "https://acme-v02.api.letsencrypt.org/directory";
