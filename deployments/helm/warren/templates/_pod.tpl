{{/* What the pods of all components have in common. "part" is dict "root" $ "part" "gateway". */}}

{{- define "warren.podMetadata" -}}
{{- $values := get .root.Values .part -}}
{{- $version := dict -}}
{{- if eq .part "chat" -}}
{{- $_ := set $version "version" $values.version -}}
{{- end -}}
{{- $own := dict -}}
{{- if .root.Values.monitoring.annotations -}}
{{- $own = dict "prometheus.io/scrape" "true" "prometheus.io/port" (toString .metricsPort) "prometheus.io/path" "/metrics" -}}
{{- end -}}
{{- with .checksum -}}
{{- $_ := set $own "checksum/config" . -}}
{{- end -}}
labels:
  {{- include "warren.over" (list (include "warren.selector" . | fromYaml) $version .root.Values.commonLabels $values.podLabels) | nindent 2 }}
{{- with include "warren.over" (list $own $values.podAnnotations) }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* Pod Security "restricted". An agent alone talks to the API server. */}}
{{- define "warren.podSpec" -}}
{{- $values := get .root.Values .part -}}
automountServiceAccountToken: {{ eq .part "agent" }}
{{- /* Else every Service of the namespace becomes variables, some of which look like options. */}}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 65532
  runAsGroup: 65532
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile:
    type: RuntimeDefault
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . | quote }}
  {{- end }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . | quote }}
{{- end }}
topologySpreadConstraints:
  {{- range list "kubernetes.io/hostname" "topology.kubernetes.io/zone" }}
  - maxSkew: 1
    topologyKey: {{ . }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "warren.selector" $ | nindent 8 }}
  {{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "warren.container" -}}
{{- $values := get .root.Values .part -}}
image: {{ include "warren.image" .root | quote }}
imagePullPolicy: {{ .root.Values.image.pullPolicy }}
resources:
  {{- toYaml $values.resources | nindent 2 }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: ["ALL"]
{{- end -}}

{{/*
Until balancers have seen that a pod ends. From Kubernetes 1.30 the kubelet waits; before that the process does,
told by a variable of its own. An image need not have a program that sleeps.
*/}}
{{- define "warren.kubeletWaits" -}}
{{- if semverCompare ">=1.30.0-0" .Capabilities.KubeVersion.Version }}true{{ end -}}
{{- end -}}

{{- define "warren.lifecycle" -}}
{{- if and (include "warren.kubeletWaits" .root) (gt (int .seconds) 0) -}}
lifecycle:
  preStop:
    sleep:
      seconds: {{ .seconds }}
{{- end }}
{{- end -}}

{{- define "warren.drainDelay" -}}
{{- if include "warren.kubeletWaits" .root }}0s{{ else }}{{ .seconds }}s{{ end -}}
{{- end -}}

{{/* Probes by HTTP. `startSeconds` in steps of five. */}}
{{- define "warren.probes" -}}
startupProbe:
  httpGet: { path: {{ .live }}, port: {{ .port }} }
  periodSeconds: 5
  failureThreshold: {{ max 1 (div (add .startSeconds 4) 5) }}
  timeoutSeconds: 5
livenessProbe:
  httpGet: { path: {{ .live }}, port: {{ .port }} }
  periodSeconds: 10
  failureThreshold: 3
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: {{ .ready }}, port: {{ .port }} }
  periodSeconds: 5
  failureThreshold: 2
  timeoutSeconds: 5
{{- end -}}

{{- define "warren.pdb" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ printf "%s-pdb" (include "warren.name" .) | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "warren.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  selector:
    matchLabels:
      {{- include "warren.selector" . | nindent 6 }}
{{- end -}}

{{- define "warren.claim" -}}
{{- $values := (get .root.Values .part).persistence -}}
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: {{ printf "%s-data" (include "warren.name" .) | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
  labels:
    {{- include "warren.labels" . | nindent 4 }}
  annotations:
    # What was said there outlives the release: delete the claim by hand.
    helm.sh/resource-policy: keep
spec:
  accessModes: [{{ $values.accessMode }}]
  {{- with $values.storageClass }}
  storageClassName: {{ . | quote }}
  {{- end }}
  resources:
    requests:
      storage: {{ $values.size }}
{{- end -}}

{{- define "warren.dataVolume" -}}
{{- $values := (get .root.Values .part).persistence -}}
- name: data
  {{- if .isKept }}
  persistentVolumeClaim:
    claimName: {{ $values.existingClaim | default (printf "%s-data" (include "warren.name" .)) | quote }}
  {{- else }}
  emptyDir: { sizeLimit: 1Gi }
  {{- end }}
- name: tmp
  emptyDir: { sizeLimit: 1Gi }
{{- end -}}

{{/* Ports that addresses mean, as a JSON list: several hosts may be in one. No password is, of which digits would be taken for a port: the values' schema sees to it. */}}
{{- define "warren.portsOf" -}}
{{- $usual := dict "http" 80 "ws" 80 "https" 443 "wss" 443 -}}
{{- $ports := list -}}
{{- range compact . -}}
{{- $hosts := regexReplaceAll "^[a-z0-9+]*://([^/?]*).*$" . "${1}" -}}
{{- $said := regexFindAll ":[0-9]+" (regexReplaceAll "\\[[^]]*\\]" $hosts "") -1 -}}
{{- range $said -}}
{{- $ports = append $ports (trimPrefix ":" . | atoi) -}}
{{- end -}}
{{- with and (not $said) (get $usual (regexFind "^[a-z]+" .)) -}}
{{- $ports = append $ports . -}}
{{- end -}}
{{- end -}}
{{- toJson $ports -}}
{{- end -}}

{{/* Each of them once: out of values and out of JSON they are numbers of two kinds. */}}
{{- define "warren.tcpPorts" -}}
{{- $ports := list -}}
{{- range . -}}
{{- $ports = append $ports (int .) -}}
{{- end -}}
{{- range $i, $port := uniq $ports -}}
{{- if $i }}
{{ end -}}
- { protocol: TCP, port: {{ $port }} }
{{- end -}}
{{- end -}}

{{- define "warren.dns" -}}
- ports:
    - { protocol: UDP, port: 53 }
    - { protocol: TCP, port: 53 }
{{- end -}}

{{/* Of a Service that may be for the outside: `service` of a component's values. */}}
{{- define "warren.serviceType" -}}
type: {{ .type }}
{{- if ne .type "ClusterIP" }}
externalTrafficPolicy: {{ .externalTrafficPolicy }}
{{- end }}
{{- with .ipFamilyPolicy }}
ipFamilyPolicy: {{ . }}
{{- end }}
{{- if eq .type "LoadBalancer" }}
{{- with .loadBalancerClass }}
loadBalancerClass: {{ . | quote }}
{{- end }}
{{- with .loadBalancerSourceRanges }}
loadBalancerSourceRanges:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end -}}

{{/* Out to the API server, which is no pod, and to gateways, and what was asked for beside. */}}
{{- define "warren.agentEgress" -}}
{{- $addresses := .Values.agent.gateways -}}
{{- range list "HTTPS_PROXY" "HTTP_PROXY" "ALL_PROXY" -}}
{{- $addresses = append $addresses (get ($.Values.agent.config | default dict) . | toString) -}}
{{- end -}}
{{- $policy := .Values.agent.networkPolicy -}}
# The API server, which is no pod, and gateways.
- ports:
    {{- include "warren.portsOf" $addresses | fromJsonArray | concat ($policy.egressPorts | default list) | include "warren.tcpPorts" | nindent 4 }}
{{- with $policy.extraEgress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The end of such a Service's port: which one it has at nodes, where somebody says it. */}}
{{- define "warren.nodePort" -}}
{{- if and .port (ne .type "ClusterIP") }}, nodePort: {{ .port }}{{ end -}}
{{- end -}}
