// SPDX-License-Identifier: MIT
//
// A kernel module with an InfiniBand device that has a port and no cable: what it is given is never sent, and nothing comes. It is there for
// the links that the kernel makes of such ports, IPoIB.
#include <linux/module.h>
#include <linux/slab.h>
#include <rdma/ib_verbs.h>

static struct ib_device *device;

struct nothing_pd {
	struct ib_pd pd;
};
struct nothing_cq {
	struct ib_cq cq;
};
struct nothing_qp {
	struct ib_qp qp;
};

static int query_device(struct ib_device *dev, struct ib_device_attr *attr, struct ib_udata *data)
{
	attr->max_qp = attr->max_cq = attr->max_pd = attr->max_mr = attr->max_ah = 1024;
	attr->max_qp_wr = attr->max_cqe = 8192;
	attr->max_send_sge = attr->max_recv_sge = 4;
	attr->max_mr_size = U64_MAX;
	attr->max_pkeys = 1;
	return 0;
}

static int query_port(struct ib_device *dev, u32 port, struct ib_port_attr *attr)
{
	attr->state = IB_PORT_DOWN;
	attr->phys_state = IB_PORT_PHYS_STATE_POLLING;
	attr->max_mtu = IB_MTU_4096;
	attr->active_mtu = IB_MTU_2048;
	attr->gid_tbl_len = attr->pkey_tbl_len = 1;
	attr->active_width = IB_WIDTH_4X;
	attr->active_speed = IB_SPEED_SDR;
	attr->max_msg_sz = 1 << 30;
	return 0;
}

static int port_immutable(struct ib_device *dev, u32 port, struct ib_port_immutable *x)
{
	x->core_cap_flags = RDMA_CORE_CAP_PROT_IB;
	x->gid_tbl_len = x->pkey_tbl_len = 1;
	return 0;
}

static enum rdma_link_layer link_layer(struct ib_device *dev, u32 port)
{
	return IB_LINK_LAYER_INFINIBAND;
}

static int query_pkey(struct ib_device *dev, u32 port, u16 index, u16 *pkey)
{
	*pkey = 0xffff;
	return 0;
}

static int query_gid(struct ib_device *dev, u32 port, int index, union ib_gid *gid)
{
	gid->global.subnet_prefix = cpu_to_be64(0xfe80000000000000);
	gid->global.interface_id = cpu_to_be64(0x0200000000000001);
	return 0;
}

static int new_pd(struct ib_pd *pd, struct ib_udata *data)
{
	return 0;
}

static int new_cq(struct ib_cq *cq, const struct ib_cq_init_attr *attr, struct uverbs_attr_bundle *attrs)
{
	cq->cqe = attr->cqe;
	return 0;
}

static int del_cq(struct ib_cq *cq, struct ib_udata *data)
{
	return 0;
}

static int poll_cq(struct ib_cq *cq, int n, struct ib_wc *wc)
{
	return 0;
}

static int notify_cq(struct ib_cq *cq, enum ib_cq_notify_flags flags)
{
	return 0;
}

static int new_qp(struct ib_qp *qp, struct ib_qp_init_attr *attr, struct ib_udata *data)
{
	qp->qp_num = 0x48;
	return 0;
}

static int change_qp(struct ib_qp *qp, struct ib_qp_attr *attr, int mask, struct ib_udata *data)
{
	return 0;
}

static int query_qp(struct ib_qp *qp, struct ib_qp_attr *attr, int mask, struct ib_qp_init_attr *init)
{
	return 0;
}

static int post_send(struct ib_qp *qp, const struct ib_send_wr *wr, const struct ib_send_wr **bad)
{
	return 0;
}

static int post_recv(struct ib_qp *qp, const struct ib_recv_wr *wr, const struct ib_recv_wr **bad)
{
	return 0;
}

static struct ib_mr *get_mr(struct ib_pd *pd, int access)
{
	return kzalloc(sizeof(struct ib_mr), GFP_KERNEL) ?: ERR_PTR(-ENOMEM);
}

static struct ib_mr *user_mr(struct ib_pd *pd, u64 start, u64 length, u64 address, int access, struct ib_udata *data)
{
	return ERR_PTR(-EOPNOTSUPP);
}

static int del_mr(struct ib_mr *mr, struct ib_udata *data)
{
	kfree(mr);
	return 0;
}

static int del_qp(struct ib_qp *qp, struct ib_udata *data)
{
	return 0;
}

static const struct ib_device_ops ops = {
	.owner = THIS_MODULE, .driver_id = RDMA_DRIVER_UNKNOWN, .query_device = query_device, .query_port = query_port,
	.get_port_immutable = port_immutable, .get_link_layer = link_layer, .query_pkey = query_pkey, .query_gid = query_gid,
	.alloc_pd = new_pd, .dealloc_pd = new_pd, .create_cq = new_cq, .destroy_cq = del_cq, .poll_cq = poll_cq, .req_notify_cq = notify_cq,
	.create_qp = new_qp, .modify_qp = change_qp, .query_qp = query_qp, .destroy_qp = del_qp, .post_send = post_send, .post_recv = post_recv,
	.get_dma_mr = get_mr, .reg_user_mr = user_mr, .dereg_mr = del_mr,
	INIT_RDMA_OBJ_SIZE(ib_pd, nothing_pd, pd), INIT_RDMA_OBJ_SIZE(ib_cq, nothing_cq, cq), INIT_RDMA_OBJ_SIZE(ib_qp, nothing_qp, qp),
};

static int __init nlgen_ib_init(void)
{
	int err;

	device = _ib_alloc_device(sizeof(*device));
	if (!device)
		return -ENOMEM;
	device->phys_port_cnt = 1;
	device->num_comp_vectors = 1;
	device->node_type = RDMA_NODE_IB_CA;
	device->node_guid = cpu_to_be64(0x0200000000000001);
	ib_set_device_ops(device, &ops);
	err = ib_register_device(device, "nlgen", NULL);
	if (err)
		ib_dealloc_device(device);
	return err;
}

static void __exit nlgen_ib_exit(void)
{
	ib_unregister_device(device);
	ib_dealloc_device(device);
}

module_init(nlgen_ib_init);
module_exit(nlgen_ib_exit);
MODULE_DESCRIPTION("an InfiniBand device without a cable, for the tests of nlgen");
MODULE_LICENSE("Dual MIT/GPL");
