# Installs agnes {{ version }} from {{ server }}
#   $env:AGNES_INSTALL_DIR  where to (default: %LOCALAPPDATA%\Programs\agnes)
#   $env:AGNES_NO_CONFIG=1  do not remember this server
& {
    $ErrorActionPreference = 'Stop'
    $ProgressPreference = 'SilentlyContinue'
    $server = '{{ server }}'
    $arch = if ($env:PROCESSOR_ARCHITECTURE -eq 'ARM64' -or $env:PROCESSOR_ARCHITEW6432 -eq 'ARM64') { 'aarch64' } else { 'x86_64' }
    $programs = @{
        {%- for binary in binaries if binary.os == 'windows' %}
        '{{ binary.arch }}' = @{ File = '{{ binary.filename }}'; Sum = '{{ binary.sha256 }}' }
        {%- endfor %}
    }
    if (-not $programs.ContainsKey($arch)) {
        throw "This server has no program for windows-$arch, only for: {{ platforms or 'nothing' }}"
    }
    $file = $programs[$arch].File
    $folder = if ($env:AGNES_INSTALL_DIR) { $env:AGNES_INSTALL_DIR } else { Join-Path $env:LOCALAPPDATA 'Programs\agnes' }
    New-Item -ItemType Directory -Force -Path $folder | Out-Null
    $program = Join-Path $folder 'agnes.exe'
    $temporary = Join-Path $folder ('.agnes.' + [guid]::NewGuid().ToString('N') + '.exe')
    try {
        Write-Host "Downloading $server/cli/bin/$file"
        Invoke-WebRequest -UseBasicParsing -Uri "$server/cli/bin/$file" -OutFile $temporary
        $found = (Get-FileHash -Algorithm SHA256 -Path $temporary).Hash.ToLowerInvariant()
        if ($found -ne $programs[$arch].Sum) {
            throw "What was downloaded is not the program: its SHA-256 is $found instead of $($programs[$arch].Sum)"
        }
        $version = & $temporary --version
        if ($LASTEXITCODE -ne 0) { throw 'The program does not run on this machine' }
        if (Test-Path $program) {
            # A running program can be renamed, but not replaced.
            $old = "$program.previous"
            if (Test-Path $old) { Remove-Item -Force $old }
            Rename-Item -Path $program -NewName (Split-Path -Leaf $old)
        }
        Move-Item -Force -Path $temporary -Destination $program
    } finally {
        if (Test-Path $temporary) { Remove-Item -Force $temporary }
    }
    Write-Host "Installed $version as $program"
    if ($env:AGNES_NO_CONFIG -ne '1') {
        & $program setup init --server $server | Out-Null
    }
    $path = [Environment]::GetEnvironmentVariable('Path', 'User')
    if (($path -split ';') -notcontains $folder) {
        [Environment]::SetEnvironmentVariable('Path', "$path;$folder", 'User')
        Write-Host 'Open a new terminal, so that it finds agnes.'
    }
    Write-Host "`nNext, in the folder for your work:`n  agnes auth login`n  agnes init`nWith a token from an admin instead: agnes init --token TOKEN"
}
