// The collector of requests of ingress-nginx's controller, by itself: what nginx's workers tell it by their socket is
// served as the controller serves it, with its default buckets. Arguments: where, and the host that its ingress names.
package main

import (
	"net/http"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/ingress-nginx/internal/ingress/metric/collectors"
)

func main() {
	buckets := collectors.HistogramBuckets{
		TimeBuckets:   prometheus.DefBuckets,
		LengthBuckets: prometheus.LinearBuckets(10, 10, 10),
		SizeBuckets:   prometheus.ExponentialBuckets(10, 10, 7),
	}
	collector, err := collectors.NewSocketCollector("controller", "ingress-nginx", "k8s.io/ingress-nginx", true, false, buckets, nil)
	if err != nil {
		panic(err)
	}
	prometheus.MustRegister(collector)
	collector.SetHosts(sets.New(os.Args[2]))
	go collector.Start()
	panic(http.ListenAndServe(os.Args[1], promhttp.Handler()))
}
