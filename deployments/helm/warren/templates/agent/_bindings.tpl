{{/* Who the agent's roles are for. */}}
{{- define "warren.agentSubject" -}}
- kind: ServiceAccount
  name: {{ include "warren.name" (dict "root" .root "part" "agent") }}
  namespace: {{ .root.Release.Namespace }}
{{- end -}}

{{- define "warren.clusterBinding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: {{ .name }}
  labels:
    {{- include "warren.labels" (dict "root" .root "part" "agent") | nindent 4 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .role }} }
subjects:
  {{- include "warren.agentSubject" . | nindent 2 }}
{{- end -}}

{{- define "warren.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ .name }}
  namespace: {{ .namespace }}
  labels:
    {{- include "warren.labels" (dict "root" .root "part" "agent") | nindent 4 }}
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: {{ .kind }}, name: {{ .role }} }
subjects:
  {{- include "warren.agentSubject" . | nindent 2 }}
{{- end -}}
