#!/bin/sh
# Makes one organisation of compose.yaml a member, once, and runs its node.
#
# ROLE is founder, by-card or by-invitation; ORGANISATION its name; ADDRESS the IPv4 address of its container.
# Every step that leaves a trace is taken only when the trace is missing, so that a container may start again anywhere.
set -eu

exchange=/exchange

wait_for() {
    until [ -s "$1" ]; do
        echo "waiting for $1"
        sleep 1
    done
}

# Keeps what a command prints in a file of the exchange that appears whole or not at all.
put() {
    name=$1
    shift
    "$@" >"$exchange/.$name.$$"
    mv "$exchange/.$name.$$" "$exchange/$name"
}

# The line that `admit` prints for the organisation with this card.
admit() {
    lyceum admit "$1" | grep -o 'lyceum1[0-9a-z]*'
}

once() {
    if [ ! -e "$LYCEUM_HOME/.demo-$1" ]; then
        step=$1
        shift
        "$@"
        touch "$LYCEUM_HOME/.demo-$step"
    fi
}

start_home() {
    lyceum init --org "$ORGANISATION" --no-passphrase \
        --listen "/ip4/$ADDRESS/tcp/4820" --http 127.0.0.1:4821
}

join_with() {
    wait_for "$exchange/$1"
    lyceum join "$(cat "$exchange/$1")"
}

once init start_home
case "$ROLE" in
founder)
    once found lyceum found --name "Demo Alliance"
    once invite put invitation lyceum invite
    wait_for "$exchange/card"
    once admit put admission admit "$exchange/card"
    ;;
by-card)
    once card put card lyceum card
    once join join_with admission
    ;;
by-invitation)
    once join join_with invitation
    ;;
*)
    echo "ROLE is neither founder, by-card nor by-invitation: $ROLE" >&2
    exit 2
    ;;
esac
exec lyceum run
