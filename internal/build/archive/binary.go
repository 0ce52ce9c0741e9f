package archive

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Binary is the file name under which Grafana looks for the executable on a platform like "linux/amd64".
func Binary(executable, platform string) string {
	name := executable + "_" + strings.ReplaceAll(platform, "/", "_")
	if strings.HasPrefix(platform, "windows/") {
		name += ".exe"
	}
	return name
}

// machines are what the header of an executable says about its processor.
var (
	elfMachines   = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64, "arm": elf.EM_ARM}
	machoMachines = map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}
	peMachines    = map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}
)

// checkBinary tells whether an executable is for the platform that its name says.
func checkBinary(path, platform string) error {
	system, processor, _ := strings.Cut(platform, "/")
	var (
		right bool
		err   error
	)
	switch system {
	case "linux":
		var f *elf.File
		if f, err = elf.Open(path); err == nil {
			defer f.Close()
			right = f.Machine == elfMachines[processor]
		}
	case "darwin":
		var f *macho.File
		if f, err = macho.Open(path); err == nil {
			defer f.Close()
			right = f.Cpu == machoMachines[processor]
		}
	case "windows":
		var f *pe.File
		if f, err = pe.Open(path); err == nil {
			defer f.Close()
			right = f.Machine == peMachines[processor]
		}
	default:
		return fmt.Errorf("there is no platform %q", platform)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err != nil || !right {
		return fmt.Errorf("%s is no executable for %s", filepath.Base(path), platform)
	}
	return nil
}
