#!/bin/sh
# Installs agnes {{ version }} from {{ server }}
#   AGNES_INSTALL_DIR  where to (default: ~/.local/bin)
#   AGNES_CA_FILE      certificates to trust, as PEM (default: ~/.agnes/ca.pem if it exists)
#   AGNES_NO_CONFIG=1  do not remember this server
set -eu

agnes_install() {
    server='{{ server }}'
    fail() {
        printf 'error: %s\n' "$1" >&2
        exit 1
    }

    case "$(uname -s)" in
        Linux) os=linux ;;
        Darwin) os=darwin ;;
        MINGW* | MSYS* | CYGWIN*) os=windows ;;
        *) os=$(uname -s) ;;
    esac
    case "$(uname -m)" in
        x86_64 | amd64) arch=x86_64 ;;
        aarch64 | arm64) arch=aarch64 ;;
        *) arch=$(uname -m) ;;
    esac
    # A shell for Intel on an Apple processor.
    if [ "$os-$arch" = darwin-x86_64 ] && [ "$(sysctl -n sysctl.proc_translated 2>/dev/null || echo 0)" = 1 ]; then
        arch=aarch64
    fi
    case "$os-$arch" in
        {%- for binary in binaries %}
        {{ binary.os }}-{{ binary.arch }})
            file='{{ binary.filename }}'
            size='{{ binary.size }}'
            sum='{{ binary.sha256 }}'
            ;;
        {%- endfor %}
        *) fail "this server has no program for $os-$arch, only for: {{ platforms or 'nothing' }}" ;;
    esac

    folder=${AGNES_INSTALL_DIR:-$HOME/.local/bin}
    program=$folder/agnes
    if [ "$os" = windows ]; then
        program=$program.exe
    fi
    mkdir -p "$folder" || fail "cannot create $folder"
    temporary=$(mktemp "$folder/.agnes.XXXXXX") || fail "cannot write to $folder; set AGNES_INSTALL_DIR to another folder"
    trap 'rm -f "$temporary"' EXIT
    trap 'exit 1' HUP INT TERM

    ca=${AGNES_CA_FILE:-}
    if [ -z "$ca" ] && [ -f "$HOME/.agnes/ca.pem" ]; then
        ca=$HOME/.agnes/ca.pem
    fi
    url=$server/cli/bin/$file
    printf 'Downloading %s (%s MB)\n' "$url" "$((size / 1048576 + 1))"
    if command -v curl >/dev/null 2>&1; then
        curl -fsSL ${ca:+--cacert "$ca"} -o "$temporary" "$url" </dev/null || fail "the download failed"
    elif command -v wget >/dev/null 2>&1; then
        wget -q ${ca:+--ca-certificate="$ca"} -O "$temporary" "$url" </dev/null || fail "the download failed${ca:+; if this wget does not know --ca-certificate, install curl}"
    else
        fail "this needs curl or wget"
    fi
    if command -v sha256sum >/dev/null 2>&1; then
        found=$(sha256sum <"$temporary")
    elif command -v shasum >/dev/null 2>&1; then
        found=$(shasum -a 256 <"$temporary")
    elif command -v openssl >/dev/null 2>&1; then
        found=$(openssl dgst -sha256 -r <"$temporary")
    else
        fail "this needs sha256sum, shasum or openssl, to check the download"
    fi
    found=${found%% *}
    if [ "$found" != "$sum" ]; then
        fail "what was downloaded is not the program: its SHA-256 is $found instead of $sum"
    fi
    chmod 755 "$temporary"
    version=$("$temporary" --version </dev/null 2>&1) || fail "the program does not run on this machine: $version"

    # Otherwise its removal would later take this program along.
    if command -v uv >/dev/null 2>&1 && uv tool list </dev/null 2>/dev/null | grep -q '^agnes-the-ai-analyst'; then
        uv tool uninstall agnes-the-ai-analyst </dev/null >/dev/null 2>&1 || fail "cannot remove the older version; run: uv tool uninstall agnes-the-ai-analyst"
        printf 'Removed the older version that uv had installed\n'
    fi
    mv -f "$temporary" "$program" || fail "cannot replace $program"
    printf 'Installed %s as %s\n' "$version" "$program"

    if [ "${AGNES_NO_CONFIG:-}" != 1 ]; then
        "$program" setup init --server "$server" </dev/null >/dev/null || fail "cannot remember the server; run: agnes setup init --server $server"
    fi
    case ":$PATH:" in
        *":$folder:"*) ;;
        *) printf '\nYour shell does not look into %s yet. Add this line to ~/.profile (zsh: ~/.zshrc), and open a new terminal:\n  export PATH="%s:$PATH"\n' "$folder" "$folder" ;;
    esac
    printf '\nNext, in the folder for your work:\n  agnes auth login\n  agnes init\nWith a token from an admin instead: agnes init --token TOKEN\n'
}

agnes_install
