// A door of its own, so that a machine without Kubernetes loads nothing of it.
export { openAccess } from "./open-access.ts";
export { GATEWAYS, ROUTES } from "./gateway-api/resources.ts";
