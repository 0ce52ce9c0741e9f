//go:build unix

package testenv

import (
	"fmt"
	"math/rand/v2"
	"net"
	"strconv"
)

// Ports are taken from below the range that Linux and macOS give to outgoing connections (32768 and
// 49152 up): between the choice of a port and its use no connection of a busy test run can take it.
const (
	lowestPort = 20000
	portCount  = 12000
)

// FreePort returns a TCP port of 127.0.0.1 on which nothing listens. Nothing reserves it: two callers
// can be given the same one, with a chance of 1 in 12,000.
func FreePort() (int, error) {
	const attempts = 100
	var last error
	for range attempts {
		port := lowestPort + rand.IntN(portCount)
		listener, err := net.Listen("tcp", Loopback(port))
		if err != nil {
			last = err
			continue
		}
		if err := listener.Close(); err != nil {
			return 0, fmt.Errorf("releasing port %d: %w", port, err)
		}
		return port, nil
	}
	return 0, fmt.Errorf("no free port on 127.0.0.1 in %d attempts: %w", attempts, last)
}

// Loopback is the address of a port of this machine, "127.0.0.1:7233".
func Loopback(port int) string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
