/**
 * The fields of Kubernetes objects that the agent reads; whatever else they carry is ignored. Shapes:
 * Kubernetes API reference, v1.24 and later.
 */
export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid: string;
  resourceVersion: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
}

export interface ServicePort {
  name?: string;
  port: number;
  protocol?: string;
  /** A word such as `kubernetes.io/h2c`. */
  appProtocol?: string;
  targetPort?: number | string;
  nodePort?: number;
}

/** core/v1 Service. */
export interface Service {
  metadata: ObjectMeta;
  spec?: {
    type?: string;
    /** `None` on a headless Service. */
    clusterIP?: string;
    clusterIPs?: string[];
    externalName?: string;
    ports?: ServicePort[];
    selector?: Record<string, string>;
    sessionAffinity?: string;
    sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } };
  };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}

/** discovery.k8s.io/v1 EndpointSlice; its Service is named by the label `kubernetes.io/service-name`. */
export interface EndpointSlice {
  metadata: ObjectMeta;
  addressType: string;
  /** The API may say null for none. */
  endpoints?:
    | {
        addresses: string[];
        conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
        nodeName?: string;
        targetRef?: { kind?: string; name?: string; namespace?: string };
      }[]
    | null;
  ports?: { name?: string; port?: number; protocol?: string; appProtocol?: string }[] | null;
}

/** networking.k8s.io/v1 IngressClass. */
export interface IngressClass {
  metadata: ObjectMeta;
  spec?: { controller?: string };
}

/** core/v1 Secret; values are base64. */
export interface Secret {
  metadata: ObjectMeta;
  type?: string;
  data?: Record<string, string>;
}

export interface IngressBackend {
  service?: { name: string; port?: { name?: string; number?: number } };
  resource?: { apiGroup?: string; kind: string; name: string };
}

export interface IngressPath {
  path?: string;
  pathType?: string;
  backend: IngressBackend;
}

/** networking.k8s.io/v1 Ingress. */
export interface Ingress {
  metadata: ObjectMeta;
  spec?: {
    ingressClassName?: string;
    defaultBackend?: IngressBackend;
    tls?: { hosts?: string[]; secretName?: string }[];
    rules?: { host?: string; http?: { paths: IngressPath[] } }[];
  };
  status?: { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } };
}
