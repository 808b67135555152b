# What must hold in a new system, for run.sh. Uses: suite, user, downloaded, inside. Counts: passed, failed.

# check NAME LIMIT COMMAND: the shell command succeeds inside within LIMIT seconds.
check() {
    local began output status took
    began=$(date +%s%N)
    output=$(inside "$3" 2>&1 </dev/null)
    status=$?
    took=$((($(date +%s%N) - began) / 10000000))
    if [ "$status" = 0 ] && [ "$took" -le "$2"00 ]; then
        passed=$((passed + 1)) verdict=ok
    else
        failed=$((failed + 1)) verdict="FAILED (status $status, limit $2 s)"
    fi
    printf '%-9s %-9s %7d.%02d s  %s: %s\n' "$suite" "$user" $((took / 100)) $((took % 100)) \
        "$1" "$verdict"
    [ "$verdict" = ok ] || printf '%s\n' "$output" | tail -n 30 | sed 's/^/    /'
}

# Starts a set-up and kills all of it once the first packages lie there.
killed_half_way='rm -rf .venv .setup/packages.stamp
    setsid make setup >/dev/null 2>&1 & leader=$!
    until ls -d .venv/lib/python3*/site-packages/numpy >/dev/null 2>&1; do
        kill -0 $leader 2>/dev/null || exit 1; sleep 0.1
    done
    kill -KILL -- -$leader; wait $leader 2>/dev/null; [ ! -e .setup/packages.stamp ]'

imports='.venv/bin/python -c "import tfx.v1, tensorflow, keras, kfp, tensorflow_model_analysis"'

check_system() {
    check "no compiler" 1 '! command -v c++ && ! command -v g++ && ! command -v gcc'
    check "no headers of Python" 5 '[ -z "$(find /usr/include -name Python.h 2>/dev/null)" ]'
    # What is measured is the set-up: the packages' download comes first, where it is needed.
    $downloaded || check "the packages' download" 900 'make setup && make clean'
    check "make setup, from nothing" 180 'make setup'
    check "make setup, nothing changed" 2 'out=$(make setup 2>&1) && [ -z "$out" ]'
    check "a set-up killed half-way" 120 "$killed_half_way"
    check "the next one repairs it" 180 'make setup'
    check "the stack imports" 120 "$imports"
    check "make run" 300 'make run'
    check "make clean leaves nothing" 60 'make clean && [ -z "$(git status --porcelain --ignored |
        grep -v "^!! runs/$")" ]'
}
