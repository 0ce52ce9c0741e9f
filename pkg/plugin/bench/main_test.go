package bench

import (
	"os"
	"testing"

	"github.com/temporal-sre/copilot/internal/story"
)

func TestMain(m *testing.M) { os.Exit(story.Run(m)) }
