// cAdvisor as the kubelet has it built in: its manager over the machine's control groups, its Prometheus collector, and
// the labels that the kubelet puts on. A kubelet knows pod and container from the runtime; here the group's own path
// says them: /shop/POD/CONTAINER.
package main

import (
	"log"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/google/cadvisor/cache/memory"
	"github.com/google/cadvisor/container"
	_ "github.com/google/cadvisor/container/raw"
	info "github.com/google/cadvisor/info/v1"
	v2 "github.com/google/cadvisor/info/v2"
	"github.com/google/cadvisor/manager"
	"github.com/google/cadvisor/metrics"
	"github.com/google/cadvisor/utils/sysfs"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"k8s.io/utils/clock"
)

func labels(c *info.ContainerInfo) map[string]string {
	set := map[string]string{"id": c.Name, "name": "", "image": "", "namespace": "", "pod": "", "container": ""}
	if parts := strings.Split(c.Name, "/"); len(parts) >= 3 && parts[1] == "shop" {
		set["namespace"], set["pod"] = parts[1], parts[2]
		if len(parts) == 4 {
			set["name"], set["image"], set["container"] = parts[3], "shop/"+parts[3]+":1", parts[3]
		}
	}
	return set
}

func main() {
	every, dynamic := time.Second, false
	kept := container.MetricSet{
		container.CpuUsageMetrics:    struct{}{},
		container.MemoryUsageMetrics: struct{}{},
	}
	housekeeping := manager.HousekeepingConfig{Interval: &every, AllowDynamic: &dynamic}
	watched, err := manager.New(memory.New(time.Minute, nil), sysfs.NewRealSysFs(), housekeeping, kept,
		http.DefaultClient, []string{"/shop"}, nil, "", 0)
	if err != nil {
		log.Fatal(err)
	}
	if err := watched.Start(); err != nil {
		log.Fatal(err)
	}
	options := v2.RequestOptions{IdType: v2.TypeName, Count: 1, Recursive: true}
	registry := prometheus.NewRegistry()
	registry.MustRegister(metrics.NewPrometheusCollector(watched, labels, kept, clock.RealClock{}, options))
	http.Handle("/metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError}))
	log.Fatal(http.ListenAndServe(os.Args[1], nil))
}
