//go:build unix

package testenv

import (
	"context"
	"fmt"
	"time"
)

// await asks a process whether it is ready until it is. It gives up when the process ends or ctx does,
// and then says what the last answer was.
func await(ctx context.Context, process *Process, ready func(context.Context) error) error {
	const pause = 50 * time.Millisecond
	for {
		err := ready(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-process.Exited():
			return process.Failure()
		case <-ctx.Done():
			return fmt.Errorf("%s is not ready: %w (last answer: %w)\n%s", process.name, context.Cause(ctx), err, process.log)
		case <-time.After(pause):
		}
	}
}
