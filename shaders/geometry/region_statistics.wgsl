// Writes the statistics of one shard, for regions that are spread over devices: the sums of each region.
// needs: lib/component lib/params operand/statistics_out geometry/region geometry/region_merge
@compute @workgroup_size(256)
fn region_statistics(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) grid: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let region = workgroup_at(group, grid);
    let live = region < regions();
    let sums = region_merged(region, live, lane);
    if live & (lane == 0u) {
        for (var k = 0u; k < 4u; k += 1u) {
            store_statistic((4u * region) + k, float_at(sums, k));
        }
    }
}
