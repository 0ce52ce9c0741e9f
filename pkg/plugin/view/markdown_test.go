package view

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/temporal-sre/copilot/pkg/store"
)

func TestTextsOfModelsDrawNothingInMarkdown(t *testing.T) {
	e := Explained{Assessment: store.Assessment{Summary: "See [here](http://evil) <img src=x> ![a](b)\n# Title *x* _y_ `z`", Made: "m"}}
	e.Silent = true
	text := e.Markdown("")
	for _, mark := range []string{"[here](", "<img", "![a](", "\n# Title", "`z`"} {
		assert.NotContains(t, text, mark)
	}
}
