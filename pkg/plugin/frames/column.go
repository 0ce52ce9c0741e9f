// Package frames makes data frames of views, a file for each query type. It reads nothing: what a frame holds comes in
// as an argument.
package frames

import (
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"
)

// contractVersion is the version of Grafana's data plane contract that the frames follow. Version 0.0
// would tell Grafana to guess.
var contractVersion = data.FrameTypeVersion{0, 1}

// column makes a field with one value per row. It has a type even without rows.
func column[R, T any](name string, config *data.FieldConfig, rows []R, value func(R) T) *data.Field {
	values := make([]T, len(rows))
	for i, r := range rows {
		values[i] = value(r)
	}
	return data.NewField(name, nil, values).SetConfig(config)
}

// linkedIf gives a field links where there is something to lead to.
func linkedIf(there bool, f *data.Field, links ...data.DataLink) *data.Field {
	if there {
		f.Config.Links = links
	}
	return f
}

func typed(name string, kind data.FrameType, fields ...*data.Field) *data.Frame {
	return data.NewFrame(name, fields...).SetMeta(&data.FrameMeta{Type: kind, TypeVersion: contractVersion})
}

// table makes a frame for people to read, which Explore shows as a table.
func table(name string, fields ...*data.Field) *data.Frame {
	frame := typed(name, data.FrameTypeTable, fields...)
	frame.Meta.PreferredVisualization = data.VisTypeTable
	return frame
}

// numbers makes a table of numbers whose text columns are their labels. Alert rules take one that has
// a single column of numbers.
func numbers(name string, fields ...*data.Field) *data.Frame {
	return typed(name, data.FrameTypeNumericLong, fields...)
}

// series makes one time series. A response holds as many of these frames as there are series; one
// without points says "no data" with its type.
func series(name string, labels data.Labels, config *data.FieldConfig, at []time.Time, values []*float64) *data.Frame {
	value := data.NewField(name, labels, values).SetConfig(config)
	return typed(name, data.FrameTypeTimeSeriesMulti, data.NewField("time", nil, at), value)
}

// NoSeries is the answer without a series.
func NoSeries(name string, config *data.FieldConfig) *data.Frame {
	return series(name, nil, config, []time.Time{}, []*float64{})
}
