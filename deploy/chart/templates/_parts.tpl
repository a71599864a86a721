{{/*
The named templates: all take the context of this chart, which is `index .Subcharts "config-manager"` in a chart that has it
as a dependency. The parts of the Pod are lists, ready for `nindent`.
*/}}

{{- define "config-manager.name" -}}
{{ .Values.fullnameOverride | default .Release.Name | trunc 41 | trimSuffix "-" }}
{{- end }}

{{- define "config-manager.selector" -}}
app.kubernetes.io/name: openclaw
app.kubernetes.io/component: gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "config-manager.labels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "config-manager.configName" -}}
{{ .Values.existing.config | default (printf "%s-config" (include "config-manager.name" .)) }}
{{- end }}

{{- define "config-manager.jobsName" -}}
{{ .Values.existing.jobs | default (printf "%s-cron-jobs" (include "config-manager.name" .)) }}
{{- end }}

{{- define "config-manager.workspaceName" -}}
{{ .Values.existing.workspace | default (printf "%s-workspace" (include "config-manager.name" .)) }}
{{- end }}

{{/* An image by its digest, or else by its tag, and when to pull it. */}}
{{- define "config-manager.image" -}}
image: {{ if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag }}{{ end }}
{{- with .pullPolicy }}
imagePullPolicy: {{ . }}
{{- end }}
{{- end }}

{{- define "config-manager.securityContext" -}}
runAsUser: 1000
runAsGroup: 1000
runAsNonRoot: true
readOnlyRootFilesystem: true
allowPrivilegeEscalation: false
capabilities:
  drop:
    - ALL
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "config-manager.token" -}}
- name: OPENCLAW_GATEWAY_TOKEN
  valueFrom:
    secretKeyRef:
      name: {{ .Values.token.secret }}
      key: {{ .Values.token.key }}
{{- end }}

{{/* The files of the workspace that the volume shows: a key has no slash, a path may. */}}
{{- define "config-manager.workspaceItems" -}}
{{- if and .Values.workspace (not .Values.existing.workspace) }}
items:
  {{- range $path := keys .Values.workspace | sortAlpha }}
  - key: {{ $path | replace "/" "__" }}
    path: {{ $path }}
    {{- if hasSuffix ".sh" $path }}
    mode: 493 # 0755: it runs
    {{- end }}
  {{- end }}
{{- end }}
{{- end }}

{{/* The mounts of whatever runs config-manager. */}}
{{- define "config-manager.fileMounts" -}}
- name: config-manager-workspace
  mountPath: /etc/openclaw/workspace.d
  readOnly: true
- name: config-manager-secret-files
  mountPath: /etc/openclaw/secrets.d
  readOnly: true
- name: config-manager-secrets
  mountPath: /run/openclaw-secrets
- name: {{ .Values.dataVolume }}
  mountPath: /home/node/.openclaw
{{- end }}

{{/* Part: the sidecar, for `containers`, or for `initContainers` where it is a native one. */}}
{{- define "config-manager.container" -}}
- name: config-manager-sidecar
  {{- include "config-manager.image" .Values.image | nindent 2 }}
  command: ["config-manager", "run"{{ if .Values.mode.selfHeal }}, "--self-heal"{{ end }}]
  {{- if .Values.nativeSidecar }}
  restartPolicy: Always
  {{- end }}
  env:
    {{- include "config-manager.token" . | nindent 4 }}
    - name: CONFIG_MANAGER_HTTP_PORT
      value: "9090"
    - name: SECRETS_DIR
      value: /etc/openclaw/secrets.d
    - name: SECRETS_TARGET_DIR
      value: /run/openclaw-secrets
    {{- with include "config-manager.modes" . | trim }}{{ . | nindent 4 }}{{ end }}
    {{- if .Values.lockdown.enabled }}
    {{- include "config-manager.lockdownEnv" . | nindent 4 }}
    {{- end }}
  ports:
    - name: metrics
      containerPort: 9090
      protocol: TCP
  livenessProbe:
    httpGet:
      path: /healthz
      port: metrics
    periodSeconds: 30
    timeoutSeconds: 5
  readinessProbe:
    httpGet:
      path: /readyz
      port: metrics
    periodSeconds: 10
    timeoutSeconds: 5
  resources: {{- toYaml .Values.resources | nindent 4 }}
  securityContext: {{- include "config-manager.securityContext" . | nindent 4 }}
  volumeMounts:
    - name: config-manager-config
      mountPath: /etc/openclaw/config.d
      readOnly: true
    - name: config-manager-cron
      mountPath: /etc/openclaw/cron.d
      readOnly: true
    {{- include "config-manager.fileMounts" . | nindent 4 }}
    - name: config-manager-tmp
      mountPath: /tmp
    {{- if .Values.lockdown.enabled }}
    - name: live-config
      mountPath: /var/lib/openclaw-config
    {{- end }}
{{- end }}

{{/* Only what differs from config-manager's own defaults. */}}
{{- define "config-manager.modes" -}}
{{- $defaults := dict "config" "auto" "workspace" "own" "restart" "now" "restartDeadline" 3600 "prune" "owned" "logFormat" "text" "pollInterval" 60 }}
{{- $names := dict "config" "CONFIG_MANAGER_CONFIG_MODE" "workspace" "CONFIG_MANAGER_WORKSPACE_MODE" "restart" "CONFIG_MANAGER_RESTART" "restartDeadline" "CONFIG_MANAGER_RESTART_DEADLINE" "prune" "CONFIG_MANAGER_PRUNE" "logFormat" "CONFIG_MANAGER_LOG_FORMAT" "pollInterval" "POLL_INTERVAL" }}
{{- $mode := .Values.mode }}
{{- range $key := keys $names | sortAlpha }}
{{- $value := get $mode $key | toString }}
{{- if ne $value (get $defaults $key | toString) }}
- name: {{ get $names $key }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{- define "config-manager.lockdownEnv" -}}
- name: PVC_CONFIG
  value: /var/lib/openclaw-config/openclaw.json
- name: OPENCLAW_STATE_DIR
  value: /home/node/.openclaw
{{- end }}

{{/* Part: what puts the files in place that OpenClaw reads at its start, for `initContainers`. */}}
{{- define "config-manager.initContainers" -}}
- name: init-config
  {{- include "config-manager.image" .Values.image | nindent 2 }}
  command: ["config-manager", "init", "--only=config", "--config-dir=/config"]
  {{- with include "config-manager.initEnv" . | trim }}
  env: {{- . | nindent 4 }}
  {{- end }}
  securityContext: {{- include "config-manager.securityContext" . | nindent 4 }}
  volumeMounts:
    - name: config-manager-config
      mountPath: /config
      readOnly: true
    - name: {{ .Values.dataVolume }}
      mountPath: /home/node/.openclaw
    {{- if .Values.lockdown.enabled }}
    - name: live-config
      mountPath: /var/lib/openclaw-config
    {{- end }}
- name: init-files
  {{- include "config-manager.image" .Values.image | nindent 2 }}
  command: ["config-manager", "init", "--only=secrets", "--only=workspace"]
  env:
    - name: SECRETS_DIR
      value: /etc/openclaw/secrets.d
    - name: SECRETS_TARGET_DIR
      value: /run/openclaw-secrets
    {{- if ne .Values.mode.workspace "own" }}
    - name: CONFIG_MANAGER_WORKSPACE_MODE
      value: {{ .Values.mode.workspace }}
    {{- end }}
    {{- if .Values.lockdown.enabled }}
    {{- include "config-manager.lockdownEnv" . | nindent 4 }}
    {{- end }}
  securityContext: {{- include "config-manager.securityContext" . | nindent 4 }}
  volumeMounts:
    {{- include "config-manager.fileMounts" . | nindent 4 }}
    {{- if .Values.lockdown.enabled }}
    - name: live-config
      mountPath: /var/lib/openclaw-config
      readOnly: true
    {{- end }}
{{- end }}

{{- define "config-manager.initEnv" -}}
{{- if ne .Values.mode.config "auto" }}
- name: CONFIG_MANAGER_CONFIG_MODE
  value: {{ .Values.mode.config }}
{{- end }}
{{- if .Values.lockdown.enabled }}
- name: PVC_CONFIG
  value: /var/lib/openclaw-config/openclaw.json
{{- end }}
{{- end }}

{{/* Part: what the gateway's container mounts. */}}
{{- define "config-manager.gatewayMounts" -}}
- name: config-manager-secrets
  mountPath: /run/openclaw-secrets
  readOnly: true
{{- if .Values.lockdown.enabled }}
- name: live-config
  mountPath: /var/lib/openclaw-config
  readOnly: true
{{- end }}
{{- end }}

{{/* Part: the volumes of all that. Optional ones, so that a missing ConfigMap keeps no gateway from starting. */}}
{{- define "config-manager.volumes" -}}
- name: config-manager-config
  configMap:
    name: {{ include "config-manager.configName" . }}
    optional: true
- name: config-manager-cron
  configMap:
    name: {{ include "config-manager.jobsName" . }}
    optional: true
- name: config-manager-workspace
  configMap:
    name: {{ include "config-manager.workspaceName" . }}
    optional: true
    {{- with include "config-manager.workspaceItems" . | trim }}{{ . | nindent 4 }}{{ end }}
- name: config-manager-secret-files
  secret:
    secretName: {{ .Values.existing.secretFiles | default (printf "%s-secret-files" (include "config-manager.name" .)) }}
    optional: true
- name: config-manager-secrets # in memory; OpenClaw refuses the links of a Secret's volume
  emptyDir:
    medium: Memory
    sizeLimit: 8Mi
- name: config-manager-tmp
  emptyDir:
    sizeLimit: 16Mi
{{- if .Values.lockdown.enabled }}
- name: live-config
  persistentVolumeClaim:
    claimName: {{ include "config-manager.name" . }}-live-config
{{- end }}
{{- end }}

{{/* The content of the three ConfigMaps; the Job of templates/wait.yaml has copies of them. */}}
{{- define "config-manager.configData" -}}
openclaw.json: |
  {{- include "config-manager.text" (.Values.config | default (.Files.Get "files/openclaw.json")) | nindent 2 }}
{{- range $name, $content := .Values.configFiles }}
{{ $name }}: |
  {{- include "config-manager.text" $content | nindent 2 }}
{{- end }}
{{- end }}

{{- define "config-manager.jobsData" -}}
cron-jobs.json: |
  {{- toPrettyJson .Values.jobs | nindent 2 }}
{{- end }}

{{- define "config-manager.workspaceData" -}}
{{- range $path, $content := .Values.workspace }}
{{ $path | replace "/" "__" }}: {{ $content | quote }}
{{- end }}
{{- end }}

{{- define "config-manager.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toPrettyJson . }}{{ end -}}
{{- end }}
