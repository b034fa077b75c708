export * from "./kube-api.ts";
export { startKubeApi } from "./start-kube-api.ts";
export type { Answered, Intercept } from "./api-server.ts";
export type { PolicyRule } from "./rbac.ts";
