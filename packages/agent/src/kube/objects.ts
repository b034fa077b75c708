/** The kinds that the agent reads, as the API client has them; whatever else objects carry is ignored. */
export type {
  EndpointSlice,
  Ingress,
  IngressBackend,
  IngressClass,
  IngressPath,
  ObjectMeta,
  Secret,
  Service,
  ServicePort,
} from "@warren/host/kube";
