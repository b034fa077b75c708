{{/* What an agent may do, and that it is the agent. */}}
{{- define "warren.routeRules" -}}
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [update, patch]
{{- if .Values.agent.kube.gatewayApi }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, httproutes, grpcroutes, tlsroutes, tcproutes, udproutes, referencegrants, backendtlspolicies, listenersets]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways/status, httproutes/status, grpcroutes/status, tlsroutes/status, tcproutes/status, udproutes/status, backendtlspolicies/status, listenersets/status]
  verbs: [update, patch]
# Of the experimental channel of releases 1.3 and 1.4.
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xlistenersets]
  verbs: [get, list, watch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xlistenersets/status]
  verbs: [update, patch]
{{- end }}
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{- define "warren.secretRules" -}}
- apiGroups: [""]
  resources: [secrets]
  verbs: [get, list, watch]
{{- end -}}

{{- define "warren.controllerRules" -}}
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch]
{{- end -}}

{{- define "warren.apiRules" -}}
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  resourceNames: [kubernetes]
  verbs: [get, list, watch]
{{- end -}}

{{/* What a Job may do that takes an agent's traces away: less than the agent, and it may delete the Lease. */}}
{{- define "warren.leaveClassRules" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingressclasses]
  verbs: [list]
# By another one agents may lead that write the same statuses.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [list]
{{- if .Values.agent.kube.gatewayApi }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses]
  verbs: [get, list]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gatewayclasses/status]
  verbs: [patch]
{{- end }}
{{- end -}}

{{- define "warren.leaveRules" -}}
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list]
- apiGroups: [networking.k8s.io]
  resources: [ingresses/status]
  verbs: [patch]
{{- if .Values.agent.kube.gatewayApi }}
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways, httproutes, grpcroutes, tlsroutes, tcproutes, udproutes, backendtlspolicies, listenersets]
  verbs: [get, list]
- apiGroups: [gateway.networking.k8s.io]
  resources: [gateways/status, httproutes/status, grpcroutes/status, tlsroutes/status, tcproutes/status, udproutes/status, backendtlspolicies/status, listenersets/status]
  verbs: [patch]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xlistenersets]
  verbs: [get, list]
- apiGroups: [gateway.networking.x-k8s.io]
  resources: [xlistenersets/status]
  verbs: [patch]
{{- end }}
{{- end -}}

{{- define "warren.leaveLeaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ . | quote }}]
  verbs: [get, update, delete]
- apiGroups: [apps]
  resources: [deployments]
  resourceNames: [{{ . | quote }}]
  verbs: [get]
{{- end -}}

{{/* Rules in each namespace of `in`, or in all where there are none, and that they are those of `part`, the agent unless told. */}}
{{- define "warren.role" -}}
{{- $one := . -}}
{{- range $i, $namespace := .in -}}
{{- if $i }}
---
{{ end -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ $one.name | quote }}
  namespace: {{ $namespace | quote }}
  {{- include "warren.rightsMetadata" $one | nindent 2 }}
rules:
  {{- $one.rules | nindent 2 }}
---
{{ include "warren.binding" (merge (dict "namespace" $namespace "role" $one.name) $one) }}
{{- else -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: {{ .name | quote }}
  {{- include "warren.rightsMetadata" . | nindent 2 }}
rules:
  {{- .rules | nindent 2 }}
---
{{ include "warren.clusterBinding" (merge (dict "role" .name) .) }}
{{- end -}}
{{- end -}}

{{- define "warren.agentSubject" -}}
{{- $part := .part | default "agent" -}}
- kind: ServiceAccount
  name: {{ include (ternary "warren.account" "warren.name" (eq $part "agent")) (dict "root" .root "part" $part) | quote }}
  namespace: {{ .root.Release.Namespace | quote }}
{{- end -}}

{{- define "warren.rightsMetadata" -}}
labels:
  {{- include "warren.labels" (dict "root" .root "part" (.part | default "agent")) | nindent 2 }}
{{- with .annotations }}
annotations:
  {{- . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "warren.clusterBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .name | quote }}
  {{- include "warren.rightsMetadata" . | nindent 2 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .role | quote }} }
subjects:
  {{- include "warren.agentSubject" . | nindent 2 }}
{{- end -}}

{{- define "warren.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name | quote }}
  namespace: {{ .namespace | quote }}
  {{- include "warren.rightsMetadata" . | nindent 2 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ .role | quote }} }
subjects:
  {{- include "warren.agentSubject" . | nindent 2 }}
{{- end -}}
