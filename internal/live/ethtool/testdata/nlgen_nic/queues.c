// SPDX-License-Identifier: MIT OR GPL-2.0-only
// The queues. One NAPI instance polls all of them, with an interrupt that never comes. A queue that receives and
// is restarted gets a pool of pages, of the memory that is bound to the queue if there is such.

#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>
#include "nic.h"

// What a restart takes from a queue, or gives to it.
struct nic_queue {
	struct page_pool *pool;
};

static int nic_queue_alloc(struct net_device *dev, void *memory, int index)
{
	struct page_pool_params params = {
		.flags = PP_FLAG_DMA_MAP | PP_FLAG_DMA_SYNC_DEV | PP_FLAG_ALLOW_UNREADABLE_NETMEM,
		.pool_size = 16,
		.max_len = PAGE_SIZE,
		.nid = NUMA_NO_NODE,
		.dev = dev->dev.parent,
		.dma_dir = DMA_FROM_DEVICE,
		.netdev = dev,
		.queue_idx = index,
	};
	struct nic_queue *queue = memory;

	queue->pool = page_pool_create(&params);
	return PTR_ERR_OR_ZERO(queue->pool);
}

static void nic_queue_free(struct net_device *dev, void *memory)
{
	struct nic_queue *queue = memory;

	page_pool_destroy(queue->pool);
}

static int nic_queue_start(struct net_device *dev, void *memory, int index)
{
	struct nic_queue *queue = memory;

	nic_of(dev)->pools[index] = queue->pool;
	return 0;
}

static int nic_queue_stop(struct net_device *dev, void *memory, int index)
{
	struct nic_queue *queue = memory;

	queue->pool = nic_of(dev)->pools[index];
	return 0;
}

static int nic_poll(struct napi_struct *napi, int budget)
{
	napi_complete_done(napi, 0);
	return 0;
}

static void nic_set_napi(struct nic *nic, struct napi_struct *napi)
{
	int i;

	for (i = 0; i < NIC_QUEUES; i++) {
		netif_queue_set_napi(nic->dev, i, NETDEV_QUEUE_TYPE_RX, napi);
		netif_queue_set_napi(nic->dev, i, NETDEV_QUEUE_TYPE_TX, napi);
	}
}

void nic_open_queues(struct nic *nic)
{
	netif_napi_add(nic->dev, &nic->napi, nic_poll);
	netif_napi_set_irq(&nic->napi, 77);
	napi_enable(&nic->napi);
	nic_set_napi(nic, &nic->napi);
}

void nic_close_queues(struct nic *nic)
{
	nic_set_napi(nic, NULL);
	napi_disable(&nic->napi);
	netif_napi_del(&nic->napi);
}

void nic_free_queues(struct net_device *dev)
{
	int i;

	for (i = 0; i < NIC_QUEUES; i++)
		page_pool_destroy(nic_of(dev)->pools[i]);
}

const struct netdev_queue_mgmt_ops nic_queue_ops = {
	.ndo_queue_mem_size = sizeof(struct nic_queue),
	.ndo_queue_mem_alloc = nic_queue_alloc,
	.ndo_queue_mem_free = nic_queue_free,
	.ndo_queue_start = nic_queue_start,
	.ndo_queue_stop = nic_queue_stop,
};
