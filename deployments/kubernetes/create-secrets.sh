#!/usr/bin/env bash
# Makes what the chat must keep to itself, on this machine, and puts it into the Secret chat-secrets.
#
#   ./create-secrets.sh [namespace]      (default: default)
#
# May be run any number of times: what is there is kept, above all ENCRYPTION_KEY, without which nothing that was
# said can be read again. Optional ones (mail, SMS, bucket, models) are asked for where a terminal is; Enter skips.
# A Secret that came in by `kubectl apply`, as by the seed's command, belongs to that afterwards: the next apply of
# secret.yaml would take its values away. That is ended here, each time.
# Nothing secret is printed, written to a file or put on a command line, where `ps` would show it.
set -euo pipefail
umask 077

readonly SECRET=chat-secrets
readonly NAMESPACE=${1:-default}
readonly OPTIONAL=(
  MONGO_URI REDIS_URL
  S3_ACCESS_KEY_ID S3_SECRET_ACCESS_KEY
  SMTP_USER SMTP_PASS
  SMS_ACCOUNT_SID SMS_AUTH_TOKEN
  LLM_PROVIDER_1_API_KEY LLM_PROVIDER_2_API_KEY LLM_PROVIDER_3_API_KEY
)

die() {
  printf '%s\n' "create-secrets: $*" >&2
  exit 1
}

usage() {
  printf 'usage: %s [namespace]\n' "${0##*/}" >&2
  exit 2
}

# Base64 in one line, of what comes in.
encode() { base64 | tr -d '\r\n'; }

# $1 random bytes as base64 in one line; openssl where there is one, else the kernel.
random() {
  if command -v openssl >/dev/null 2>&1; then
    openssl rand -base64 "$1" | tr -d '\r\n'
  else
    head -c "$1" /dev/urandom | encode
  fi
}

# Adds a new secret of $2 random bytes, $1, unless it is there.
make() {
  local value
  has "$1" && return 0
  # Where a command is the word of another one the shell goes on after it has failed: looked at here, and its result
  # too, since a source that stops halfway need not say so.
  value=$(random "$2") || die "$1: no random bytes to be had; nothing was changed"
  [[ $value =~ ^[A-Za-z0-9+/]+={0,2}$ ]] && ((${#value} == ($2 + 2) / 3 * 4)) ||
    die "$1: fewer random bytes than asked for; nothing was changed"
  add "$1" "$value"
}

# The Secret, as the template $1 has it; nothing where there is none.
get() {
  kubectl get secret "$SECRET" --namespace "$NAMESPACE" --ignore-not-found --output "go-template=$1" ||
    die "the cluster could not be asked, or may not be; nothing was changed"
}

# Sets VERSION (empty: there is no such Secret) and KEYS, the names of what has a value. Values stay in the cluster's answer.
look() {
  # shellcheck disable=SC2016 # a template's variables, not the shell's
  local template='{{.metadata.resourceVersion}}{{range $name, $value := .data}}{{if $value}} {{$name}}{{end}}{{end}}'
  local answer
  answer=$(get "$template")
  read -r VERSION KEYS <<<"$answer" || true
}

# An apply takes away what the apply before put there and it has not. A client-side one knows by an annotation, which
# has a copy of the values in clear; a server-side one by who manages which fields.
disown() {
  # shellcheck disable=SC2016
  local template='{{range $i, $one := .metadata.managedFields}}{{if eq $one.operation "Apply"}}{{with $one.fieldsV1}}{{if index . "f:data"}} {{$i}}{{end}}{{end}}{{end}}{{end}}'
  local last='{{with .metadata.annotations}}{{index . "kubectl.kubernetes.io/last-applied-configuration"}}{{end}}'
  local i managers copy operations=''
  [[ -n $VERSION ]] || return 0
  managers=$(get "$template")
  copy=$(get "$last")
  for i in $managers; do
    operations+=",{\"op\":\"replace\",\"path\":\"/metadata/managedFields/$i/operation\",\"value\":\"Update\"}"
    operations+=",{\"op\":\"replace\",\"path\":\"/metadata/managedFields/$i/manager\",\"value\":\"create-secrets\"}"
  done
  # Where it has no values it is secret.yaml's own, and stays.
  if [[ $copy == *'ata":{"'* ]]; then
    operations+=',{"op":"remove","path":"/metadata/annotations/kubectl.kubernetes.io~1last-applied-configuration"}'
  fi
  [[ -n $operations ]] || return 0
  printf '[{"op":"test","path":"/metadata/resourceVersion","value":"%s"}%s]' "$VERSION" "$operations" |
    kubectl patch secret "$SECRET" --namespace "$NAMESPACE" --type json --patch-file /dev/stdin >/dev/null ||
    die "$SECRET in $NAMESPACE belongs to \`kubectl apply\`, and was not taken out of it: run this again"
  printf '%s\n' "$SECRET in $NAMESPACE came in by \`kubectl apply\`, which would have taken its values away the next time: it no longer can"
  look
}

has() { [[ " $KEYS " == *" $1 "* ]]; }

# Adds a value, $2, to what will be sent.
add() {
  local encoded
  encoded=$(printf '%s' "$2" | encode) && [[ -n $encoded ]] || die "$1 could not be encoded; nothing was changed"
  DATA+="${DATA:+,}\"$1\":\"$encoded\""
  ADDED+=("$1")
}

ask() {
  local name value
  [[ -t 0 && -t 2 ]] || return 0
  # Before the first prompt, so that nothing shows that is pasted early; whatever ends this puts it back.
  TERMINAL=$(stty -g)
  trap 'stty "$TERMINAL"' EXIT
  stty -echo
  for name in "${OPTIONAL[@]}"; do
    has "$name" && continue
    printf '%s (Enter skips it): ' "$name" >&2
    IFS= read -r value || value=
    printf '\n' >&2
    if [[ -n $value ]]; then add "$name" "$value"; fi
  done
  stty "$TERMINAL"
  trap - EXIT
}

# By a manifest on standard input. `create` and `patch` leave no copy in an annotation, as a client-side `apply` would,
# and with the version that was looked at, whoever came first in between wins: it is refused, and nothing is replaced.
send() {
  local head="\"apiVersion\":\"v1\",\"kind\":\"Secret\""
  if [[ -z $VERSION ]]; then
    printf '{%s,"metadata":{"name":"%s","labels":{"app":"chatbox"}},"type":"Opaque","data":{%s}}' "$head" "$SECRET" "$DATA" |
      kubectl create --namespace "$NAMESPACE" --filename - >/dev/null
  else
    printf '{"metadata":{"resourceVersion":"%s"},"data":{%s}}' "$VERSION" "$DATA" |
      kubectl patch secret "$SECRET" --namespace "$NAMESPACE" --type merge --patch-file /dev/stdin >/dev/null
  fi
}

main() {
  (($# <= 1)) || usage
  [[ $NAMESPACE =~ ^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$ ]] || usage
  command -v kubectl >/dev/null 2>&1 || die "kubectl is not here"
  VERSION='' KEYS='' DATA='' ADDED=()
  look
  disown
  make JWT_SECRET 48
  make ENCRYPTION_KEY 32
  ask
  if ((${#ADDED[@]} == 0)); then
    printf '%s\n' "$SECRET in $NAMESPACE has what it needs; nothing was changed"
    return
  fi
  send || die "$SECRET in $NAMESPACE was not written; run this again, which keeps what is there (is there such a namespace?)"
  printf '%s\n' "$SECRET in $NAMESPACE: made or added ${ADDED[*]}"
  if [[ " ${ADDED[*]} " == *" ENCRYPTION_KEY "* ]]; then
    printf '%s\n' "Keep a copy of ENCRYPTION_KEY where your backups are not: docs/keys.md"
  fi
}

main "$@"
