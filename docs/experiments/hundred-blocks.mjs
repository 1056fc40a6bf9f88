import { createPushRandomSuite } from "hypercrl";

/** A hundred blocks; the first twenty are those of push-random. */
export default { ...createPushRandomSuite({ count: 100 }), name: "push-hundred" };
